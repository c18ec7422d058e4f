/**
 * How observations cross the thread border. A healthy one is a row of numbers in one transferred buffer plus its
 * address; only what is worth reading travels as an object.
 */

import { verdictOf } from '../checks/check.ts';
import { CHECKS } from '../checks/registry.ts';
import type { Timings } from '../domain/timings.ts';
import type { Observation } from '../domain/verdict.ts';
import type { ProbeResult } from './prober.ts';

export type PackedResults = {
  /** `ROW` doubles per healthy result. */
  rows: Float64Array<ArrayBuffer>;
  /** Address per row; null for none. */
  addresses: (string | null)[];
  /** Everything that does not fit a row. */
  whole: ProbeResult[];
};

const PHASES = ['dns', 'tcp', 'tls', 'ttfb', 'body', 'total'] as const;
/** id, start, status, certificate expiry, the checks that spoke as bits, one duration per phase; NaN where there is none. */
const FIXED = 5;
const ROW = FIXED + PHASES.length;
const SILENT = Number.NaN;

export function pack(results: readonly ProbeResult[]): PackedResults {
  const healthy = results.filter((result) => fitsRow(result.observation));
  const rows = new Float64Array(healthy.length * ROW);
  for (const [index, result] of healthy.entries()) writeRow(rows, index * ROW, result);
  return {
    rows,
    addresses: healthy.map((result) => result.observation.address),
    whole: results.filter((result) => !fitsRow(result.observation)),
  };
}

export function unpack(packed: PackedResults): ProbeResult[] {
  const results = packed.addresses.map((address, index) => readRow(packed.rows, index * ROW, address));
  for (const result of packed.whole) results.push(result);
  return results;
}

function fitsRow(observation: Observation): boolean {
  return observation.evidence === null && observation.verdicts.every((verdict) => verdict.state === 'Up');
}

function writeRow(rows: Float64Array, at: number, { id, observation }: ProbeResult): void {
  rows[at] = id;
  rows[at + 1] = observation.startedAtMs;
  rows[at + 2] = observation.httpCode ?? SILENT;
  rows[at + 3] = observation.certificateExpiresAtMs ?? SILENT;
  rows[at + 4] = CHECKS.reduce(
    (bits, check, index) =>
      observation.verdicts.some((verdict) => verdict.check === check.type) ? bits + 2 ** index : bits,
    0,
  );
  PHASES.forEach((phase, index) => {
    rows[at + FIXED + index] = observation.timings[phase] ?? SILENT;
  });
}

function readRow(rows: Float64Array, at: number, address: string | null): ProbeResult {
  const number = (column: number): number => rows[at + column] ?? SILENT;
  const timings: Timings = { total: 0 };
  PHASES.forEach((phase, index) => {
    const value = number(FIXED + index);
    if (!Number.isNaN(value)) timings[phase] = value;
  });
  const code = number(2);
  const expiresAtMs = number(3);
  const details = { code, ms: Math.round(timings.total) };
  const spoke = CHECKS.filter((_, index) => Math.floor(number(4) / 2 ** index) % 2 === 1);
  const observation: Observation = {
    startedAtMs: number(1),
    timings,
    httpCode: Number.isNaN(code) ? null : code,
    address,
    certificateExpiresAtMs: Number.isNaN(expiresAtMs) ? null : expiresAtMs,
    verdicts: spoke.map((check) => verdictOf(check, { reason: 'ok', details })),
    evidence: null,
  };
  return { id: number(0), observation };
}
