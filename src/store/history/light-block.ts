/**
 * A block read for one purpose alone: when looks were, or what they took. It is what `decodeBlock` tells, without an object
 * for each look and bucket, because figures of a season go through a hundred thousand of them.
 */
import { type Counts, readCounts, skipHistogram } from '../../domain/histogram.ts';
import type { ByteReader } from '../../lib/bytes.ts';
import { readParts } from './block.ts';
import type { Looks } from './looks.ts';
import { readLooks, readTimes } from './sample-codec.ts';

/** What the looks of an hour or a day took, in tenths of a millisecond. */
export type StoredFigures = {
  startMs: number;
  looks: number;
  sum: number;
  min: number;
  max: number;
  /** Buckets and how often each is there, in turns. */
  counts: Float64Array;
};

/** Runs of looks in order: where each begins and where it ends, in turns. */
export type Stretches = number[];

/** Throws RangeError for what is no block; what was read before stays in `into`. The figures are views into `counts`. */
export function readFigures(startMs: number, body: Uint8Array, into: Looks, counts: Counts): StoredFigures[] {
  const found: StoredFigures[] = [];
  readParts(startMs, body, {
    samples: (reader, partMs) => readLooks(reader, partMs, into),
    summary(reader, partMs) {
      const looks = reader.unsigned();
      const sum = reader.unsigned();
      const min = reader.unsigned();
      const max = reader.unsigned();
      found.push({ startMs: partMs, looks, sum, min, max, counts: readCounts(reader, counts) });
      reader.skip(1);
      skipRuns(reader);
      skipRuns(reader);
    },
  });
  return found;
}

export type StoredTimes = { runs: Stretches; blinds: Stretches };

/** Throws RangeError for what is no block; what was read before stays in `into` and `times`. */
export function readWhen(startMs: number, body: Uint8Array, into: Looks, times: StoredTimes): void {
  readParts(startMs, body, {
    samples: (reader, partMs) => readTimes(reader, partMs, into),
    summary(reader, partMs) {
      reader.skip(4);
      skipHistogram(reader);
      reader.skip(1);
      readStretches(reader, partMs, times.runs);
      readStretches(reader, partMs, times.blinds);
    },
  });
}

function skipRuns(reader: ByteReader): void {
  reader.skip(reader.unsigned() * 2);
}

function readStretches(reader: ByteReader, baseMs: number, into: Stretches): void {
  let before = baseMs;
  for (let left = reader.unsigned(); left > 0; left--) {
    const fromMs = before + reader.signed();
    before = fromMs + reader.unsigned();
    into.push(fromMs, before);
  }
}
