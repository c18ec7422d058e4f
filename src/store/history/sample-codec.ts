/**
 * Samples of one endpoint as bytes: about 8 for each that is like the one before. Times are changes of the distance,
 * durations are changes to the sample before, and status and measured phases are said once per run.
 */
import type { ByteReader, ByteWriter } from '../../lib/bytes.ts';
import { addLook, type Looks } from './looks.ts';
import { ABSENT, BLIND_TOTAL, isBlind, type Sample } from './sample.ts';

/** Which durations of a sample were measured. */
const DNS = 1;
const TCP = 2;
const TLS = 4;
const TTFB = 8;
const TOTAL = 16;

/** `samples` in the order of time; times are written from `baseMs` on. Written out by phase, because it is run for each. */
export function writeSamples(to: ByteWriter, samples: readonly Sample[], baseMs: number): void {
  to.unsigned(samples.length);
  writeShapes(to, samples);
  let atMs = baseMs;
  let distance = 0;
  let [dns, tcp, tls, ttfb, rest] = [0, 0, 0, 0, 0];
  for (const sample of samples) {
    to.signed(sample.atMs - atMs - distance);
    distance = sample.atMs - atMs;
    atMs = sample.atMs;
    let phases = 0;
    if (sample.dns !== ABSENT) {
      to.signed(sample.dns - dns);
      dns = sample.dns;
      phases += dns;
    }
    if (sample.tcp !== ABSENT) {
      to.signed(sample.tcp - tcp);
      tcp = sample.tcp;
      phases += tcp;
    }
    if (sample.tls !== ABSENT) {
      to.signed(sample.tls - tls);
      tls = sample.tls;
      phases += tls;
    }
    if (sample.ttfb !== ABSENT) {
      to.signed(sample.ttfb - ttfb);
      ttfb = sample.ttfb;
      phases += ttfb;
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
  let atMs = baseMs;
  let distance = 0;
  let [dns, tcp, tls, ttfb, rest] = [0, 0, 0, 0, 0];
  for (const { times, httpCode, mask } of readShapes(from, count)) {
    for (let left = times; left > 0; left--) {
      distance += from.signed();
      atMs += distance;
      const sample: Sample = { atMs, httpCode, total: ABSENT, dns: ABSENT, tcp: ABSENT, tls: ABSENT, ttfb: ABSENT };
      let phases = 0;
      if ((mask & DNS) !== 0) {
        dns += from.signed();
        sample.dns = dns;
        phases += dns;
      }
      if ((mask & TCP) !== 0) {
        tcp += from.signed();
        sample.tcp = tcp;
        phases += tcp;
      }
      if ((mask & TLS) !== 0) {
        tls += from.signed();
        sample.tls = tls;
        phases += tls;
      }
      if ((mask & TTFB) !== 0) {
        ttfb += from.signed();
        sample.ttfb = ttfb;
        phases += ttfb;
      }
      if ((mask & TOTAL) !== 0) {
        rest += from.signed();
        sample.total = phases + rest;
      }
      samples.push(sample);
    }
  }
  return samples;
}

const PHASES_IN_ORDER = [DNS, TCP, TLS, TTFB];

/** When looks were and what each took as a whole, without an object a look. Throws as `readSamples` does. */
export function readLooks(from: ByteReader, baseMs: number, into: Looks): void {
  const count = from.unsigned();
  if (count > from.left()) throw new RangeError('more samples than bytes');
  const before = [0, 0, 0, 0];
  let atMs = baseMs;
  let distance = 0;
  let rest = 0;
  for (const { times, httpCode, mask } of readShapes(from, count)) {
    const measured = [0, 1, 2, 3].filter((phase) => (mask & (PHASES_IN_ORDER[phase] ?? 0)) !== 0);
    const isTimed = (mask & TOTAL) !== 0;
    const isUntold = isBlind({ httpCode });
    for (let left = times; left > 0; left--) {
      distance += from.signed();
      atMs += distance;
      let total = 0;
      for (const phase of measured) {
        const tenths = (before[phase] ?? 0) + from.signed();
        before[phase] = tenths;
        total += tenths;
      }
      if (isTimed) rest += from.signed();
      if (isUntold) total = BLIND_TOTAL;
      else total = isTimed ? total + rest : ABSENT;
      addLook(into, atMs, total);
    }
  }
}

/** When looks were, and nothing else: most of the bytes are gone past. Throws as `readSamples` does. */
export function readTimes(from: ByteReader, baseMs: number, into: Looks): void {
  const count = from.unsigned();
  if (count > from.left()) throw new RangeError('more samples than bytes');
  let atMs = baseMs;
  let distance = 0;
  for (const { times, httpCode, mask } of readShapes(from, count)) {
    const durations = durationsIn(mask);
    const total = isBlind({ httpCode }) ? BLIND_TOTAL : ABSENT;
    for (let left = times; left > 0; left--) {
      distance += from.signed();
      atMs += distance;
      from.skip(durations);
      addLook(into, atMs, total);
    }
  }
}

function durationsIn(mask: number): number {
  let count = 0;
  for (let left = mask; left > 0; left >>>= 1) count += left & 1;
  return count;
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

function maskOf({ dns, tcp, tls, ttfb, total }: Sample): number {
  return (
    (dns === ABSENT ? 0 : DNS) |
    (tcp === ABSENT ? 0 : TCP) |
    (tls === ABSENT ? 0 : TLS) |
    (ttfb === ABSENT ? 0 : TTFB) |
    (total === ABSENT ? 0 : TOTAL)
  );
}
