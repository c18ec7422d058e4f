/** The phases of a probe as parts of a bar, pure. */
import type { TimingsMs } from '../../src/contracts/values.ts';

export const PHASES = [
  { phase: 'dns', label: 'DNS', title: 'Looking up the name' },
  { phase: 'tcp', label: 'TCP', title: 'Opening the connection' },
  { phase: 'tls', label: 'TLS', title: 'Agreeing on encryption' },
  { phase: 'sent', label: 'Sent', title: 'Sending the request, where that took time' },
  { phase: 'ttfb', label: 'TTFB', title: 'Waiting for the first byte' },
  { phase: 'headers', label: 'Headers', title: 'From the first byte to the end of the headers, where that took time' },
  { phase: 'body', label: 'Body', title: 'Reading the reply' },
  { phase: 'other', label: 'Other', title: 'Earlier hops of a redirect, or a phase that did not finish' },
] as const;

export type Phase = (typeof PHASES)[number]['phase'];

export type Segment = {
  phase: Phase;
  label: string;
  ms: number /** In thousandths of the bar. */;
  from: number;
  width: number;
};

/** Mostly next to nothing: below this share of the whole they are not worth a part of their own. */
const MINOR: ReadonlySet<Phase> = new Set(['sent', 'headers', 'other']);
const MINOR_SHARE = 0.02;

/** Parts of the bar in order of time; together never wider than the bar. */
export function segmentsOf({ total, ...phases }: TimingsMs, scaleMs: number): Segment[] {
  const spent = Object.values(phases).reduce<number>((sum, ms) => sum + (ms ?? 0), 0);
  const wholeMs = total ?? spent;
  const all = { ...phases, other: wholeMs - spent };
  // A probe slower than the scale fills the bar; its parts keep their shares.
  const perMs = 1000 / Math.max(scaleMs, wholeMs, spent, Number.MIN_VALUE);
  let from = 0;
  return PHASES.flatMap(({ phase, label }) => {
    const ms = all[phase];
    if (ms === undefined || !(ms >= 0)) return [];
    if (MINOR.has(phase) && !(ms > wholeMs * MINOR_SHARE)) return [];
    const segment = { phase, label, ms, from, width: ms * perMs };
    from += segment.width;
    return [segment];
  });
}

/** Round lengths of a whole bar, within a power of ten. */
const ROUND = [1, 1.5, 2, 3, 5, 7] as const;

/**
 * One scale for all bars, so that a longer bar is a slower site: the next round number above three quarters of them.
 * The few that are slow fill their bar; they must not flatten the rest.
 */
export function scaleOf(totalsMs: readonly number[]): number {
  const sorted = totalsMs.toSorted((a, b) => a - b);
  const reached = sorted[Math.ceil(sorted.length * 0.75) - 1] ?? 0;
  for (let power = 10; ; power *= 10) {
    const round = ROUND.find((times) => power * times >= reached);
    if (round !== undefined) return power * round;
  }
}
