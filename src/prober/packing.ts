/**
 * How jobs and results cross the thread border: columns of numbers in one array and texts in one string,
 * because an object per check would cost more than judging it. Only what is worth reading travels as an object.
 */
import { healthyDetails } from '../checks/application/http.ts';
import { type Found, verdictOf } from '../checks/check.ts';
import { certificateExpiryOf, type Judgement } from '../checks/observe.ts';
import { CHECKS } from '../checks/registry.ts';
import { lastHop } from '../checks/visit.ts';
import type { Timings } from '../domain/timings.ts';
import type { Observation, Verdict } from '../domain/verdict.ts';
import type { ProbeJob, ProbeResult } from './prober.ts';

export type PackedJobs = {
  /** `JOB_ROW` doubles per job. */
  rows: Float64Array<ArrayBuffer>;
  /** URLs, each followed by a line feed. */
  urls: string;
  /** Jobs that do not fit a row: those with a plan or budgets of their own, and what is no URL. */
  whole: ProbeJob[];
};

export type PackedResults = {
  /** `RESULT_ROW` doubles per healthy result. */
  rows: Float64Array<ArrayBuffer>;
  /** Address per row, each followed by a line feed; empty for none. */
  addresses: string;
  /** Everything that does not fit a row. */
  whole: ProbeResult[];
};

/** Id, timeout, and as bits whether evidence is always wanted and what precedence it has. */
const JOB_ROW = 3;
const ALWAYS = 1;
const PRECEDENCE = { first: 2, last: 4 } as const;

export function packJobs(jobs: readonly ProbeJob[]): PackedJobs {
  const rows = new Float64Array(jobs.length * JOB_ROW);
  const whole: ProbeJob[] = [];
  let urls = '';
  let at = 0;
  for (const job of jobs) {
    if (job.plan !== null || job.budgets !== undefined || job.url.includes('\n')) {
      whole.push(job);
      continue;
    }
    rows[at] = job.id;
    rows[at + 1] = job.timeoutMs;
    rows[at + 2] = (job.evidence === 'always' ? ALWAYS : 0) + (job.precedence ? PRECEDENCE[job.precedence] : 0);
    urls += `${job.url}\n`;
    at += JOB_ROW;
  }
  return { rows: at === rows.length ? rows : rows.slice(0, at), urls, whole };
}

export function unpackJobs({ rows, urls, whole }: PackedJobs, take: (job: ProbeJob) => void): void {
  let from = 0;
  for (let at = 0; at < rows.length; at += JOB_ROW) {
    const to = urls.indexOf('\n', from);
    const url = urls.slice(from, to);
    from = to + 1;
    const bits = rows[at + 2] ?? 0;
    const evidence = (bits & ALWAYS) !== 0 ? 'always' : 'unless_healthy';
    const precedence = bits < PRECEDENCE.first ? null : bits < PRECEDENCE.last ? 'first' : 'last';
    take({ id: rows[at] ?? 0, url, timeoutMs: rows[at + 1] ?? 0, plan: null, evidence, precedence });
  }
  for (const job of whole) take(job);
}

const PHASES = ['dns', 'tcp', 'tls', 'sent', 'ttfb', 'headers', 'body', 'total'] as const;
/** Id, start, status, certificate expiry, the checks that spoke as bits, then one duration per phase. NaN: there is none. */
const FIXED = 5;
const RESULT_ROW = FIXED + PHASES.length;
const NONE = Number.NaN;
const FIRST_ROWS = 64;

/** Gathers what is to cross the border with the next message. */
export class ResultBatch {
  #rows = new Float64Array(FIRST_ROWS * RESULT_ROW);
  #at = 0;
  #addresses = '';
  #whole: ProbeResult[] = [];

  get isEmpty(): boolean {
    return this.#at === 0 && this.#whole.length === 0;
  }

  addWhole(result: ProbeResult): void {
    this.#whole.push(result);
  }

  /** A healthy result of which no evidence is wanted: all that will be known of it. */
  addHealthy(id: number, { visit, spoken }: Judgement): void {
    if (this.#at === this.#rows.length) this.#grow();
    const [rows, at] = [this.#rows, this.#at];
    this.#at += RESULT_ROW;
    const hop = lastHop(visit);
    rows[at] = id;
    rows[at + 1] = visit.startedAtMs;
    rows[at + 2] = hop.reply?.status ?? NONE;
    rows[at + 3] = certificateExpiryOf(visit) ?? NONE;
    let bits = 0;
    for (const { check } of spoken) bits += BITS.get(check.type) ?? 0;
    rows[at + 4] = bits;
    const isTimed = visit.pausedMs === 0;
    for (let phase = 0; phase < PHASES.length - 1; phase += 1) {
      rows[at + FIXED + phase] = isTimed ? (hop.timings[PHASES[phase] ?? 'dns'] ?? NONE) : NONE;
    }
    rows[at + RESULT_ROW - 1] = isTimed ? visit.totalMs : NONE;
    this.#addresses += hop.address === null ? '\n' : `${hop.address}\n`;
  }

  /** All that was added since the last time. */
  take(): PackedResults {
    const packed = { rows: this.#rows.slice(0, this.#at), addresses: this.#addresses, whole: this.#whole };
    this.#at = 0;
    this.#addresses = '';
    this.#whole = [];
    return packed;
  }

  #grow(): void {
    const larger = new Float64Array(this.#rows.length * 2);
    larger.set(this.#rows);
    this.#rows = larger;
  }
}

const BITS: ReadonlyMap<string, number> = new Map(CHECKS.map((check, index) => [check.type, 2 ** index]));

/** Verdicts that are the same for every healthy site; null for a check whose sentence tells of the one at hand. */
const HEALTHY_VERDICTS = CHECKS.map((check): Verdict | null =>
  check.findings['ok']?.sentence.includes('{') ? null : Object.freeze(verdictOf(check, { reason: 'ok', details: {} })),
);

export function unpackResults({ rows, addresses, whole }: PackedResults): ProbeResult[] {
  const results: ProbeResult[] = [];
  let from = 0;
  for (let at = 0; at < rows.length; at += RESULT_ROW) {
    const to = addresses.indexOf('\n', from);
    results.push(readRow(rows, at, to === from ? null : addresses.slice(from, to)));
    from = to + 1;
  }
  for (const result of whole) results.push(result);
  return results;
}

function readRow(rows: Float64Array, at: number, address: string | null): ProbeResult {
  const timings: Timings = {};
  for (let phase = 0; phase < PHASES.length; phase += 1) {
    const ms = rows[at + FIXED + phase] ?? NONE;
    if (!Number.isNaN(ms)) timings[PHASES[phase] ?? 'total'] = ms;
  }
  const httpCode = numberAt(rows, at + 2);
  const observation: Observation = {
    startedAtMs: rows[at + 1] ?? NONE,
    timings,
    httpCode,
    address,
    certificateExpiresAtMs: numberAt(rows, at + 3),
    verdicts: verdictsOf(rows[at + 4] ?? 0, healthyDetails(httpCode ?? 0, timings.total)),
    evidence: null,
  };
  return { id: rows[at] ?? NONE, observation };
}

function numberAt(rows: Float64Array, at: number): number | null {
  const value = rows[at] ?? NONE;
  return Number.isNaN(value) ? null : value;
}

function verdictsOf(bits: number, details: Found['details']): Verdict[] {
  const verdicts: Verdict[] = [];
  CHECKS.forEach((check, index) => {
    if (Math.floor(bits / 2 ** index) % 2 === 0) return;
    verdicts.push(HEALTHY_VERDICTS[index] ?? verdictOf(check, { reason: 'ok', details }));
  });
  return verdicts;
}
