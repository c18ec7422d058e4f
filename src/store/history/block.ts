/**
 * A block: what is kept of one endpoint over some hours or a day. It is made of parts, one an hour (or one a day, when it
 * is old). A young part holds its samples; an old one only what they amount to, in a form that can be added up.
 */
import { bucketOf, count, type Histogram, mergeInto, readHistogram, writeHistogram } from '../../domain/histogram.ts';
import { type ByteReader, type ByteWriter, createByteReader, createByteWriter } from '../../lib/bytes.ts';
import { type InTime, within } from './pace.ts';
import { ABSENT, hourOf, isBlind, type Sample, unionOf } from './sample.ts';
import { readSamples, writeSamples } from './sample-codec.ts';
import { seal, unseal } from './sealed.ts';

export type Run = { fromMs: number; toMs: number };

export type Summary = {
  looks: number;
  /** Of `total` of the looks that were timed, in tenths of a millisecond; `min` and `max` are 0 when none was. */
  sum: number;
  min: number;
  max: number;
  histogram: Histogram;
  /** Looks that followed each other within `joinedMs`, from the first to the last of them. */
  runs: Run[];
  joinedMs: number;
  /** Looks that could not tell, from the first to the last of those without an answer between them. No run goes over one. */
  blinds: Run[];
};

/** What the samples of a part amount to is not stored beside them: it follows from them. */
export type Part = { startMs: number } & ({ samples: Sample[] } | { summary: Summary });

export function summaryOf(samples: readonly Sample[]): Summary {
  const summary = emptySummary();
  const answered = samples.filter((sample) => !isBlind(sample));
  summary.looks = answered.length;
  for (const { total } of answered) {
    if (total === ABSENT) continue;
    addTimed(summary, total, total, total);
    count(summary.histogram, bucketOf(total));
  }
  summary.joinedMs = usualDistance(samples) * 2;
  summary.blinds = blindsOf(samples);
  summary.runs = runsOf(answered, within(summary.joinedMs), summary.blinds);
  return summary;
}

export function emptySummary(): Summary {
  return { looks: 0, sum: 0, min: 0, max: 0, histogram: new Map(), runs: [], joinedMs: 0, blinds: [] };
}

/** Adds what other looks amount to. */
export function addSummary(target: Summary, source: Summary): void {
  if (source.histogram.size > 0) addTimed(target, source.sum, source.min, source.max);
  target.looks += source.looks;
  mergeInto(target.histogram, source.histogram);
  target.joinedMs = Math.max(target.joinedMs, source.joinedMs);
  target.blinds = [...target.blinds, ...source.blinds].sort(byStart);
  target.runs = joinRuns([...target.runs, ...source.runs], within(target.joinedMs), target.blinds);
}

/** Before the histogram gets the values: whether it is empty says whether these are the first. */
function addTimed(summary: Summary, sum: number, min: number, max: number): void {
  const isFirst = summary.histogram.size === 0;
  summary.sum += sum;
  summary.min = isFirst ? min : Math.min(summary.min, min);
  summary.max = isFirst ? max : Math.max(summary.max, max);
}

export function byStart(a: Run, b: Run): number {
  return a.fromMs - b.fromMs;
}

/**
 * Runs in the order of time, joined where the next one starts in time after the end, and no look between them could not
 * tell. `blinds` in the order of time.
 */
export function joinRuns(runs: readonly Run[], inTime: InTime, blinds: readonly Run[]): Run[] {
  const joined: Run[] = [];
  let blind = 0;
  for (const run of runs.toSorted(byStart)) {
    const last = joined.at(-1);
    while ((blinds[blind]?.fromMs ?? Number.POSITIVE_INFINITY) < (last?.toMs ?? run.fromMs)) blind += 1;
    const isCut = (blinds[blind]?.fromMs ?? Number.POSITIVE_INFINITY) < run.fromMs;
    if (last !== undefined && !isCut && run.fromMs <= inTime(last.toMs)) last.toMs = Math.max(last.toMs, run.toMs);
    else joined.push({ ...run });
  }
  return joined;
}

/** Of looks in the order of time; the same as joining runs of one look each, without making those. */
export function runsOf(answered: readonly { atMs: number }[], inTime: InTime, blinds: readonly Run[]): Run[] {
  const runs: Run[] = [];
  let last: Run | null = null;
  let blind = 0;
  let blindMs = blinds[0]?.fromMs ?? Number.POSITIVE_INFINITY;
  for (const { atMs } of answered) {
    const sinceMs: number = last?.toMs ?? atMs;
    while (blindMs < sinceMs) blindMs = blinds[++blind]?.fromMs ?? Number.POSITIVE_INFINITY;
    if (last !== null && blindMs >= atMs && atMs <= inTime(sinceMs)) {
      last.toMs = atMs;
      continue;
    }
    last = { fromMs: atMs, toMs: atMs };
    runs.push(last);
  }
  return runs;
}

/** Of samples in the order of time. */
export function blindsOf(samples: readonly Sample[]): Run[] {
  const blinds: Run[] = [];
  let open: Run | null = null;
  for (const sample of samples) {
    if (!isBlind(sample)) open = null;
    else if (open !== null) open.toMs = sample.atMs;
    else {
      open = { fromMs: sample.atMs, toMs: sample.atMs };
      blinds.push(open);
    }
  }
  return blinds;
}

/** The middle one of the distances between looks. */
function usualDistance(samples: readonly Sample[]): number {
  const distances = samples.slice(1).map(({ atMs }, index) => atMs - (samples[index]?.atMs ?? atMs));
  return distances.sort((a, b) => a - b)[distances.length >> 1] ?? 0;
}

export function summaryOfPart(part: Part): Summary {
  return 'samples' in part ? summaryOf(part.samples) : part.summary;
}

/** The parts of samples, hour by hour. */
export function partsOf(samples: readonly Sample[]): Part[] {
  const hours = Map.groupBy(samples, ({ atMs }) => hourOf(atMs));
  return [...hours].sort(([a], [b]) => a - b).map(([startMs, some]) => ({ startMs, samples: some }));
}

export function looksIn(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + ('samples' in part ? part.samples.length : part.summary.looks), 0);
}

/** Parts of one start become one: samples each once, sums added up. */
export function mergeParts(parts: readonly Part[]): Part[] {
  const starts = Map.groupBy(parts, ({ startMs }) => startMs);
  return [...starts].sort(([a], [b]) => a - b).map(([startMs, some]) => mergeOne(startMs, some));
}

function mergeOne(startMs: number, parts: readonly Part[]): Part {
  const samples = unionOf(parts.flatMap((part) => ('samples' in part ? [part.samples] : [])));
  const summaries = parts.flatMap((part) => ('samples' in part ? [] : [part.summary]));
  if (summaries.length === 0) return { startMs, samples };
  const summary = summaryOf(samples);
  for (const other of summaries) addSummary(summary, other);
  return { startMs, summary };
}

const SAMPLES = 0;
const SUMMARY = 1;
/** Keeps numbers small where all times are about one day. */
const UNIT_MS = 60_000;

export function encodeBlock(startMs: number, parts: readonly Part[]): Buffer {
  const writer = createByteWriter(1_024);
  writer.unsigned(parts.length);
  for (const part of parts) {
    writer.unsigned('samples' in part ? SAMPLES : SUMMARY);
    writer.unsigned((part.startMs - startMs) / UNIT_MS);
    if ('samples' in part) writeSamples(writer, part.samples, part.startMs);
    else writeSummary(writer, part.summary, part.startMs);
  }
  return seal(writer.take());
}

/** Throws RangeError for what is no block. */
export function decodeBlock(startMs: number, sealed: Uint8Array): Part[] {
  const parts: Part[] = [];
  readParts(startMs, sealed, {
    samples: (reader, partMs) => parts.push({ startMs: partMs, samples: readSamples(reader, partMs) }),
    summary: (reader, partMs) => parts.push({ startMs: partMs, summary: readSummary(reader, partMs) }),
  });
  return parts;
}

/** What is made of a part; each reads to the end of it. */
export type PartReaders = Record<'samples' | 'summary', (reader: ByteReader, partMs: number) => unknown>;

/** Throws RangeError for what is no block. */
export function readParts(startMs: number, sealed: Uint8Array, readers: PartReaders): void {
  const reader = createByteReader(unseal(sealed));
  for (let left = reader.unsigned(); left > 0; left--) {
    const kind = reader.unsigned();
    const partMs = startMs + reader.unsigned() * UNIT_MS;
    if (kind === SAMPLES) readers.samples(reader, partMs);
    else if (kind === SUMMARY) readers.summary(reader, partMs);
    else throw new RangeError('a part of an unknown kind');
  }
}

function writeSummary(to: ByteWriter, summary: Summary, baseMs: number): void {
  to.unsigned(summary.looks);
  to.unsigned(summary.sum);
  to.unsigned(summary.min);
  to.unsigned(summary.max);
  writeHistogram(to, summary.histogram);
  to.unsigned(summary.joinedMs);
  writeRuns(to, summary.runs, baseMs);
  writeRuns(to, summary.blinds, baseMs);
}

function writeRuns(to: ByteWriter, runs: readonly Run[], baseMs: number): void {
  to.unsigned(runs.length);
  let before = baseMs;
  for (const { fromMs, toMs } of runs) {
    to.signed(fromMs - before);
    to.unsigned(toMs - fromMs);
    before = toMs;
  }
}

function readSummary(from: ByteReader, baseMs: number): Summary {
  const [looks, sum, min, max] = [from.unsigned(), from.unsigned(), from.unsigned(), from.unsigned()];
  const histogram = readHistogram(from);
  const joinedMs = from.unsigned();
  const runs = readRuns(from, baseMs);
  return { looks, sum, min, max, histogram, runs, joinedMs, blinds: readRuns(from, baseMs) };
}

function readRuns(from: ByteReader, baseMs: number): Run[] {
  const runs: Run[] = [];
  let before = baseMs;
  for (let left = from.unsigned(); left > 0; left--) {
    const fromMs = before + from.signed();
    before = fromMs + from.unsigned();
    runs.push({ fromMs, toMs: before });
  }
  return runs;
}
