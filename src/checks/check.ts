/**
 * The interface every check implements. A check is one object in one file plus one line in registry.ts; it looks at
 * what a visit brought and returns a verdict. It never throws for anything the site did.
 */
import type { FailureShape, Verdict } from '../domain/verdict.ts';
import type { Visit } from './visit.ts';

/** The layer of the stack a check speaks for, outermost first. */
export type Layer = 'reachability' | 'transport' | 'edge' | 'application' | 'content' | 'reverse';

/** One thing a check can find: the closed set of these is the check's public vocabulary. */
export type Finding = {
  /** Items of the failure taxonomy this finding covers (spec/02), such as `L2.TCP.REFUSED`. */
  taxonomy: readonly string[];
  state: Verdict['state'];
  /** Unknown alone: how soon another look may tell more. `soon` unless said otherwise. */
  followUp?: Verdict['followUp'];
  /** Seems Down alone, and then always: how such a look failed. */
  shape?: FailureShape;
  /** One plain sentence of cause, without a trailing full stop. `{name}` is filled from the verdict's details. */
  sentence: string;
  /** What the owner of the site can do about it; empty when nothing is wrong. */
  advice: string;
};

export type Check<Reason extends string = string> = {
  /** Stable public id, snake_case, unique in the registry; becomes the event's `check_type`. */
  type: string;
  layer: Layer;
  title: string;
  findings: Readonly<Record<Reason | 'ok', Finding>>;
  /** What this check makes of a visit; null when the visit says nothing about it (no TLS, no reply). */
  judge(visit: Visit, nowMs: number): Found<Reason | 'ok'> | null;
};

/** A finding with the facts that fill its sentence. */
export type Found<Reason extends string = string> = {
  reason: Reason;
  details: Verdict['details'] & {};
  othersCanTell?: Verdict['othersCanTell'];
};

/** Turns what a check found into its verdict. */
export function verdictOf(check: Check, found: Found): Verdict {
  const finding = check.findings[found.reason];
  if (finding === undefined) throw new TypeError(`check ${check.type} has no finding "${found.reason}"`);
  const { state, sentence, followUp, shape } = finding;
  const summary = sentence.includes('{') ? filled(sentence, found.details) : sentence;
  const verdict: Verdict = { check: check.type, state, reason: found.reason, summary, details: found.details };
  if (followUp !== undefined) verdict.followUp = followUp;
  if (shape !== undefined) verdict.shape = shape;
  if (found.othersCanTell !== undefined) verdict.othersCanTell = found.othersCanTell;
  return verdict;
}

function filled(sentence: string, details: Found['details']): string {
  return sentence.replace(/\{(\w+)\}/g, (_, name: string) => String(details[name] ?? '?'));
}
