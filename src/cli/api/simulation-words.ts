/** What `simulate-failure` tells a person, a line at a time, and a program, as one document. */
import type { Transition } from '../../contracts/events.ts';
import type { Id } from '../../contracts/values.ts';
import { escapeControl } from '../../lib/escape.ts';
import { type Expectation, expectationWords, hopelessWords, type Seen, seenWords } from './expectation.ts';
import type { Started } from './start-failure.ts';
import type { Outcome } from './watch-failure.ts';

const OUTCOME_WORDS = {
  created: 'is created',
  taken_back: 'is watched again',
  changed: 'is changed',
} as const;

export function startedWords({ prepared, look, notLookedAt, problem }: Started, url: string): string[] {
  const words: string[] = [];
  if (prepared !== null) words.push(`${OUTCOME_WORDS[prepared.outcome]}: it watches ${url}`);
  if (look !== null) words.push(`looked at now: ${look.state}, ${look.reason}: ${look.summary}`);
  if (notLookedAt !== null) words.push(`not looked at by hand (${notLookedAt}); the look of the server follows`);
  if (problem !== null) words.push(`✘ ${problem.message}${problem.fix === null ? '' : `. Fix: ${problem.fix}`}`);
  return words;
}

/** Steps that were not there before. */
export function newSteps({ event: before }: Seen, { event }: Seen): string[] {
  if (event === null) return [];
  const known = new Set(before?.id === event.id ? before.transitions.map(({ id }) => String(id)) : []);
  const startedAtMs = Date.parse(event.started_at);
  return event.transitions
    .filter(({ id }) => !known.has(String(id)))
    .map((step) => `${sinceWords(Date.parse(step.changed_at) - startedAtMs)}  ${step.reason}: ${stateWords(step)}`);
}

function stateWords({ state_after, severity_after }: Transition): string {
  return `${state_after ?? 'no state'}${severity_after === null ? '' : `, severity ${severity_after}`}`;
}

function sinceWords(ms: number): string {
  return `+${(ms / 1_000).toFixed(1)} s`.padStart(8);
}

export function outcomeWords({ isMet, seen, tookMs }: Outcome, expectation: Expectation, url: string): string {
  const after = `after ${(tookMs / 1_000).toFixed(1)} s`;
  if (isMet) return `✔ as expected ${after}: ${seenWords(seen)}`;
  const hopeless = hopelessWords(seen, url);
  const fix = hopeless === null ? '' : `. Fix: ${hopeless.fix}`;
  return `✘ not as expected ${after}: ${seenWords(seen)}; expected was ${expectationWords(expectation)}${fix}`;
}

/** One site in the document. */
export function siteDocument(
  { siteId, prepared, look, notLookedAt, problem }: Started,
  outcome: Outcome | undefined,
): Record<string, unknown> {
  const { event = null, other = null, latest = null } = outcome?.seen ?? {};
  return {
    site_id: siteId,
    result: prepared?.outcome ?? 'refused',
    before: prepared?.before ?? undefined,
    look: look === null ? null : lookOf(look),
    not_looked_at: notLookedAt ?? undefined,
    latest: latest === null ? null : lookOf(latest),
    event: event === null ? null : eventOf(event),
    transitions: event?.transitions.map(stepOf) ?? [],
    other_event: other === null ? undefined : eventOf(other),
    met: outcome?.isMet ?? null,
    took_ms: outcome === undefined ? null : Math.round(outcome.tookMs),
    error: problem ?? undefined,
  };
}

function lookOf({ state, reason, summary }: NonNullable<Seen['latest']>) {
  return { state, reason, summary };
}

function eventOf({ id, check_type, state, severity, started_at }: NonNullable<Seen['event']>) {
  return { id, check_type, state, severity, started_at };
}

function stepOf({ reason, state_after, severity_after, changed_at }: Transition) {
  return { reason, state_after, severity_after, changed_at };
}

/** The words of a site before its line, so that lines of many sites are told apart. */
export function lineOf(siteId: Id, words: string): string {
  return `site ${siteId}  ${escapeControl(words)}\n`;
}
