/**
 * What the engine remembers of a target in trouble from look to look, beside what is open. After a restart `Recent` is
 * told from the log again (recall.ts). A suspicion is lost with the process: it is counted anew, so that what it may come
 * to only begins later.
 */
import type { DecisionPolicy, ServerPolicy } from '../../domain/decision-policy.ts';
import { type Decision, isFailing, type Known, NOTHING_RECENT, type Recent } from '../../domain/incident.ts';
import { nextRetry, type Retry } from '../../domain/retries.ts';
import type { CheckMemory, Target } from './target.ts';

const NOTHING = memoryOf(NOTHING_RECENT);

/** Of a check of which only this is known. */
export function memoryOf(recent: Recent): CheckMemory {
  return { suspicion: null, recent, failure: null };
}

export function knownOf({ incidents, memory, maintenance }: Target, check: string): Known {
  const { suspicion, recent } = memory.get(check) ?? NOTHING;
  return { open: incidents.get(check) ?? null, suspicion, recent, maintenance };
}

export function failureOf({ memory }: Target, check: string): CheckMemory['failure'] {
  return memory.get(check)?.failure ?? null;
}

/** `failure`: the look that was decided, if it failed. */
export function remember(
  { incidents, memory }: Target,
  check: string,
  { suspicion, recent }: Pick<Decision, 'suspicion' | 'recent'>,
  failure: CheckMemory['failure'],
): void {
  const isCalm = suspicion === null && !incidents.has(check);
  const kept = isCalm ? null : (failure ?? memory.get(check)?.failure ?? null);
  const linked = incidents.has(check) ? memory.get(check)?.linked : null;
  if (isCalm && recent === NOTHING_RECENT) memory.delete(check);
  else memory.set(check, { suspicion, recent, failure: kept, ...(linked === undefined ? {} : { linked }) });
}

/** What happened longer ago weighs on nothing any more. */
export function remembersForMs({ flap, dampening }: ServerPolicy): number {
  return Math.max(flap.withinMs, dampening.afterRecovery.maxMs, dampening.afterFalseAlarm.maxMs);
}

/** Whether nothing is open, nothing is being confirmed, and what happened lately weighs on nothing any more. */
export function isForgettable({ incidents, memory }: Target, nowMs: number, policy: ServerPolicy): boolean {
  if (incidents.size > 0) return false;
  const longestMs = remembersForMs(policy);
  for (const { suspicion, recent } of memory.values()) {
    const { recoveredAtMs, falseAlarmAtMs, startsMs } = recent;
    const lastMs = Math.max(recoveredAtMs ?? 0, falseAlarmAtMs ?? 0, startsMs.at(-1) ?? 0);
    if (suspicion !== null || nowMs - lastMs < longestMs) return false;
  }
  return true;
}

/** Whether something fails that looks of ours are still to confirm. */
export function isConfirming(target: Target): boolean {
  for (const { suspicion } of target.memory.values()) if (suspicion !== null) return true;
  for (const { state } of target.incidents.values()) if (state === 'Seems Down') return true;
  return false;
}

/** Whether people can know already that it fails. */
export function isTold({ incidents }: Target): boolean {
  for (const open of incidents.values()) if (isFailing(open)) return true;
  return false;
}

/** Whether looks of ours are still to fail before it is confirmed, or others are asked: each has its time. */
export function isCounting(target: Target, { attemptsToConfirm }: Pick<ServerPolicy, 'attemptsToConfirm'>): boolean {
  for (const check of new Set([...target.incidents.keys(), ...target.memory.keys()])) {
    const { open, suspicion } = knownOf(target, check);
    const run = open?.state === 'Seems Down' ? open.failing : suspicion;
    if (run !== null && run.attempts < attemptsToConfirm) return true;
  }
  return false;
}

/**
 * The next look that is to confirm what fails on this target, when so many are out already; null: those that are out
 * are enough, or nothing is being confirmed.
 */
export function retryAfter(target: Target, looksOut: number, nowMs: number, policy: DecisionPolicy): Retry | null {
  let next: Retry | null = null;
  for (const check of new Set([...target.incidents.keys(), ...target.memory.keys()])) {
    const { open, suspicion } = knownOf(target, check);
    const run = open?.state === 'Seems Down' ? open.failing : suspicion;
    if (run === null || run.attempts + looksOut >= policy.attemptsToConfirm) continue;
    const retry = nextRetry({ ...run, attempts: run.attempts + looksOut }, nowMs, policy);
    if (next === null || retry.atMs < next.atMs) next = retry;
  }
  return next;
}
