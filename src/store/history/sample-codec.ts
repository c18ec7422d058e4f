/**
 * Samples of one endpoint as bytes: about 8 for each that is like the one before. Times are changes of the distance,
 * durations are changes to the sample before, and status and measured phases are said once per run.
 */
import type { ByteReader, ByteWriter } from '../../lib/bytes.ts';
import { ABSENT, PHASES, type Sample } from './sample.ts';

const TOTAL_BIT = 16;

/** `samples` in the order of time; times are written from `baseMs` on. */
export function writeSamples(to: ByteWriter, samples: readonly Sample[], baseMs: number): void {
  to.unsigned(samples.length);
  writeShapes(to, samples);
  let atMs = baseMs;
  let distance = 0;
  let rest = 0;
  const before = [0, 0, 0, 0];
  for (const sample of samples) {
    to.signed(sample.atMs - atMs - distance);
    distance = sample.atMs - atMs;
    atMs = sample.atMs;
    let phases = 0;
    for (const [index, phase] of PHASES.entries()) {
      const value = sample[phase];
      if (value === ABSENT) continue;
      to.signed(value - (before[index] ?? 0));
      before[index] = value;
      phases += value;
    }
    if (sample.total === ABSENT) continue;
    to.signed(sample.total - phases - rest);
    rest = sample.total - phases;
  }
}

/** Throws RangeError for what is no list of samples. */
export function readSamples(from: ByteReader, baseMs: number): Sample[] {
  const count = from.unsigned();
  if (count > from.left()) throw new RangeError('more samples than bytes');
  const samples: Sample[] = [];
  const shapes = readShapes(from, count);
  let atMs = baseMs;
  let distance = 0;
  let rest = 0;
  const before = [0, 0, 0, 0];
  for (const { times, httpCode, mask } of shapes) {
    for (let left = times; left > 0; left--) {
      distance += from.signed();
      atMs += distance;
      const sample: Sample = { atMs, httpCode, total: ABSENT, dns: ABSENT, tcp: ABSENT, tls: ABSENT, ttfb: ABSENT };
      let phases = 0;
      for (const [index, phase] of PHASES.entries()) {
        if ((mask & (1 << index)) === 0) continue;
        const value = (before[index] ?? 0) + from.signed();
        before[index] = value;
        sample[phase] = value;
        phases += value;
      }
      if ((mask & TOTAL_BIT) !== 0) {
        rest += from.signed();
        sample.total = phases + rest;
      }
      samples.push(sample);
    }
  }
  return samples;
}

type Shape = { times: number; httpCode: number; mask: number };

function writeShapes(to: ByteWriter, samples: readonly Sample[]): void {
  let run: Shape | null = null;
  for (const sample of samples) {
    const mask = maskOf(sample);
    if (run !== null && run.httpCode === sample.httpCode && run.mask === mask) {
      run.times += 1;
      continue;
    }
    if (run !== null) writeShape(to, run);
    run = { times: 1, httpCode: sample.httpCode, mask };
  }
  if (run !== null) writeShape(to, run);
}

function writeShape(to: ByteWriter, { times, httpCode, mask }: Shape): void {
  to.unsigned(times);
  to.unsigned(httpCode);
  to.unsigned(mask);
}

function readShapes(from: ByteReader, count: number): Shape[] {
  const shapes: Shape[] = [];
  for (let left = count; left > 0; ) {
    const shape = { times: from.unsigned(), httpCode: from.unsigned(), mask: from.unsigned() };
    if (shape.times === 0 || shape.times > left) throw new RangeError('a run of samples that cannot be');
    shapes.push(shape);
    left -= shape.times;
  }
  return shapes;
}

function maskOf(sample: Sample): number {
  let mask = sample.total === ABSENT ? 0 : TOTAL_BIT;
  for (const [index, phase] of PHASES.entries()) if (sample[phase] !== ABSENT) mask |= 1 << index;
  return mask;
}
