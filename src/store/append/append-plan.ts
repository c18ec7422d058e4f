/**
 * What a batch of appends makes of the log: pure. Nothing is asked and nothing is written here, so that every rule of the
 * log can be tried millions of times without a database.
 */
import type { EndpointId, EventId, SiteId } from '../../domain/ids.ts';
import type { Failing } from '../../domain/incident.ts';
import { type Mutation, type Step, sinceWhen, stepFor } from '../../domain/mutation.ts';
import { DEFAULT_RULES } from '../../domain/rollup-rules.ts';
import { dedupKey, type EventIdentity } from '../event-records.ts';
import type { KeptVerification } from '../event-verifications.ts';
import type { FalsePositive } from '../false-positives.ts';
import type { FailedCheck } from '../history/failures.ts';
import type { EntryState, LegacyStatus } from '../legacy.ts';
import { storableText } from '../metadata.ts';
import { legacyStatusFor, PROJECTED_CHECK } from '../projection.ts';
import type { AppendInput, Refusal, SiteCue } from './append-input.ts';
import { holdsLease, type LoggedEvent, type LogView, opIdOf, siteOpIdOf } from './log-view.ts';
import type { PlannedTransition } from './planned-transition.ts';
import { type SiteChange, type SiteNow, siteStep } from './site-state.ts';

/** What one append comes to. */
export type PlannedAnswer = {
  input: AppendInput;
  refused: Refusal | null;
  replayed: boolean;
  /** The event it was about. */
  event: LoggedEvent | null;
  /** What is open on its identity after it. */
  open: { event: LoggedEvent; state: LoggedEvent['state']; severity: number } | null;
  /** When it was replayed: those it has in this batch already; none when it was committed before. */
  transitions: PlannedTransition[];
};

export type StatusWrite = { endpointId: EndpointId; status: LegacyStatus; atMs: number };
export type FailingWrite = { endpointId: EndpointId; siteId: SiteId; event: LoggedEvent; failing: Failing };

export type AppendPlan = {
  /** One per input, in their order. */
  answers: PlannedAnswer[];
  /** Changes of the sites' own events that follow. */
  siteTransitions: PlannedTransition[];
  /** Events to insert, in waves: no identity twice in one, and those of a wave before are closed by then. */
  opened: { event: LoggedEvent; metadata: string | null }[][];
  /** Events that were there and have changed. */
  changed: Set<LoggedEvent>;
  statuses: Map<EndpointId, StatusWrite>;
  /** Failed looks for the check history. */
  failedChecks: FailedCheck[];
  falsePositives: FalsePositive[];
  /** What verifiers said last. */
  verifications: Map<LoggedEvent, KeptVerification>;
  /** Events whose confirmation is over. */
  settled: LoggedEvent[];
  /** How far confirmation has come; one per endpoint. */
  failing: Map<EndpointId, FailingWrite>;
};

export function planAppends(inputs: readonly AppendInput[], cues: readonly SiteCue[], view: LogView): AppendPlan {
  const plan: AppendPlan = {
    answers: [],
    siteTransitions: [],
    opened: [],
    changed: new Set(),
    statuses: new Map(),
    failedChecks: [],
    falsePositives: [],
    verifications: new Map(),
    settled: [],
    failing: new Map(),
  };
  const planner = new Planner(view, plan);
  for (const input of inputs) plan.answers.push(planner.append(input));
  for (const cue of cues) planner.cue(cue);
  planner.followSites();
  return plan;
}

class Planner {
  readonly #view: LogView;
  readonly #plan: AppendPlan;
  readonly #waveOf = new Map<string, number>();
  /** What changed on sites whose own events have not followed yet. */
  readonly #sites = new Map<SiteId, SiteChange>();
  /** How often a site's own event followed in the name of an operation. */
  readonly #followed = new Map<string, number>();
  /** What the operations of this batch did, so that one that stands in it twice is applied once. */
  readonly #done = new Map<string, PlannedTransition[]>();

  constructor(view: LogView, plan: AppendPlan) {
    this.#view = view;
    this.#plan = plan;
  }

  append(input: AppendInput): PlannedAnswer {
    const { identity } = input;
    const key = dedupKey(identity);
    const openOfSite = this.#openOf(identity.siteId);
    let event = openOfSite.get(key) ?? null;
    const answer: PlannedAnswer = { input, refused: null, replayed: false, event, open: null, transitions: [] };
    const done = this.#done.get(input.opId);
    if (done !== undefined || this.#view.committed.has(input.opId)) {
      answer.replayed = true;
      answer.transitions = done ?? [];
      answer.open = event === null || event.unreadable ? null : { event, state: event.state, severity: event.severity };
      return answer;
    }
    answer.refused = this.#refusal(input, event);
    if (answer.refused !== null) return { ...answer, event: null };
    if (input.failedCheck) this.#plan.failedChecks.push(input.failedCheck);
    if (input.falsePositive) this.#plan.falsePositives.push(input.falsePositive);
    const cue = { ...input, siteId: identity.siteId };
    for (const mutation of input.mutations) {
      const before = event === null ? null : { state: event.state, severity: event.severity };
      const step = stepFor(event, mutation, input.atMs);
      if (step === null) continue;
      const sinceMs = sinceWhen(step);
      this.#followUntil(identity.siteId, sinceMs);
      event = this.#take(event, identity, mutation, step);
      const transition = this.#transition(input, event, before, step, answer.transitions.length + 1);
      if (before === null) this.#insert(key, event, transition.metadata);
      answer.transitions.push(transition);
      this.#note(cue, transition, sinceMs);
      answer.event = event;
      if (step.endedAtMs !== null) {
        this.#confirm(identity, event, null);
        event = null;
      }
    }
    if (event !== null && input.isFailingStored !== true) this.#confirm(identity, event, input.failing);
    if (input.verification && answer.event !== null) this.#plan.verifications.set(answer.event, input.verification);
    answer.open = event === null ? null : { event, state: event.state, severity: event.severity };
    this.#project(input, answer);
    if (answer.transitions.length > 0) this.#done.set(input.opId, answer.transitions);
    return answer;
  }

  cue(cue: SiteCue): void {
    const waiting = this.#sites.get(cue.siteId) ?? { last: null, changed: new Set(), fellFrom: 0, sinceMs: cue.atMs };
    this.#sites.set(cue.siteId, { ...waiting, cue });
  }

  /** The sites' own events follow those of their endpoints. */
  followSites(): void {
    for (const [siteId, change] of this.#sites) this.#follow(siteId, change);
    this.#sites.clear();
  }

  /** What a site was gets a row of its own when that lasted: until an instant other than the one it began at. */
  #followUntil(siteId: SiteId, sinceMs: number): void {
    const change = this.#sites.get(siteId);
    if (change === undefined || change.sinceMs === sinceMs) return;
    this.#sites.delete(siteId);
    this.#follow(siteId, change);
  }

  #note(cue: SiteCue, last: PlannedTransition, sinceMs: number): void {
    const { changed = new Set<LoggedEvent>(), fellFrom = 0 } = this.#sites.get(cue.siteId) ?? {};
    const { event, before, step } = last;
    const fell = before !== null && before.severity > (step.severityAfter ?? 0) ? before.severity : 0;
    const noted = { changed: changed.add(event), fellFrom: Math.max(fellFrom, fell) };
    this.#sites.set(cue.siteId, { cue, last, ...noted, sinceMs });
  }

  #follow(siteId: SiteId, change: SiteChange): void {
    const open = this.#openOf(siteId);
    const followed = siteStep(this.#siteNow(siteId, open), change);
    if (followed === null) return;
    const { identity, step, mutation, metadata } = followed;
    const key = dedupKey(identity);
    const known = open.get(key) ?? null;
    const before = known === null ? null : { state: known.state, severity: known.severity };
    const event = this.#take(known, identity, mutation, step);
    const { opId, source, epoch } = change.cue;
    const nth = (this.#followed.get(opId) ?? 0) + 1;
    this.#followed.set(opId, nth);
    const named = { opId: siteOpIdOf(opId, nth), source, epoch };
    this.#plan.siteTransitions.push({ event, seq: event.version, before, step, metadata, ...named });
    if (before === null) this.#insert(key, event, metadata);
    if (step.endedAtMs !== null) this.#view.siteEnds.set(siteId, step.endedAtMs);
  }

  #openOf(siteId: SiteId): Map<string, LoggedEvent> {
    const open = this.#view.open.get(siteId);
    if (open === undefined) throw new Error(`site ${siteId} was not read`);
    return open;
  }

  #endpointsOf(siteId: SiteId): readonly EntryState[] {
    return this.#view.endpoints.get(siteId) ?? [];
  }

  #siteNow(siteId: SiteId, open: ReadonlyMap<string, LoggedEvent>): SiteNow {
    const { rules, siteEnds } = this.#view;
    return {
      siteId,
      endpoints: this.#endpointsOf(siteId),
      open,
      rules: rules.get(siteId) ?? DEFAULT_RULES,
      endedAtMs: siteEnds.get(siteId) ?? null,
    };
  }

  #refusal(input: AppendInput, event: LoggedEvent | null): Refusal | null {
    const { identity, onlyWhileWatching, onlyEvent, epoch } = input;
    if (event?.unreadable) return 'unreadable';
    if (onlyEvent !== undefined && event?.id !== onlyEvent) return 'event_not_open';
    const entries = this.#endpointsOf(identity.siteId);
    const entry = entries.find(({ endpointId }) => endpointId === identity.endpointId);
    if (onlyWhileWatching !== null && identity.endpointId !== null && !isWatching(entry, onlyWhileWatching.url))
      return 'not_watched';
    const bucketNo = (entry ?? entries[0])?.bucketNo;
    if (epoch === 0) return null;
    // What is not in the registry any more belongs to no bucket, and nobody holds a lease on it.
    const isOurs = bucketNo !== undefined && (input.bucketNo ?? bucketNo) === bucketNo;
    return isOurs && holdsLease(this.#view, bucketNo, epoch) ? null : 'lease_lost';
  }

  /** The event after a step: a new one, or the one that was there, changed in place. */
  #take(event: LoggedEvent | null, identity: EventIdentity, { op }: Mutation, step: Step): LoggedEvent {
    const { state, severity, startedAtMs, changedAtMs, causeEventId, endedAtMs } = step;
    const open = this.#openOf(identity.siteId);
    const resolutionReason = endedAtMs === null ? null : step.reason;
    const values = { state, severity, startedAtMs, changedAtMs, causeEventId, endedAtMs, resolutionReason };
    if (event === null) {
      const opened: LoggedEvent = { id: 0n as EventId, identity, version: 1, unreadable: false, ...values };
      open.set(dedupKey(identity), opened);
      return opened;
    }
    Object.assign(event, values);
    event.version += 1;
    if (event.id !== 0n) this.#plan.changed.add(event);
    if (op === 'close') open.delete(dedupKey(identity));
    return event;
  }

  #transition(
    input: AppendInput,
    event: LoggedEvent,
    before: PlannedTransition['before'],
    step: Step,
    nth: number,
  ): PlannedTransition {
    const { source, epoch } = input;
    const metadata = storableText(input.metadata, step.facts);
    return { event, seq: event.version, before, step, source, metadata, opId: opIdOf(input.opId, nth), epoch };
  }

  #insert(key: string, event: LoggedEvent, metadata: string | null): void {
    const wave = this.#waveOf.get(key) ?? 0;
    this.#waveOf.set(key, wave + 1);
    const events = this.#plan.opened[wave] ?? [];
    events.push({ event, metadata });
    this.#plan.opened[wave] = events;
  }

  /** One per endpoint: where two checks fail at once, the later one holds it and the other counts anew. */
  #confirm({ endpointId, siteId }: EventIdentity, event: LoggedEvent, failing: Failing | null): void {
    if (endpointId === null) return;
    const { settled, failing: writes } = this.#plan;
    if (failing !== null) {
      writes.set(endpointId, { endpointId, siteId, event, failing });
      return;
    }
    if (event.id !== 0n) settled.push(event);
    if (writes.get(endpointId)?.event !== event) return;
    writes.delete(endpointId);
    // It had taken the place of whichever event the endpoint was confirming before this batch.
    for (const other of this.#openOf(siteId).values()) {
      if (other.identity.endpointId === endpointId && other.id !== 0n) settled.push(other);
    }
  }

  #project({ identity, project, atMs }: AppendInput, { transitions }: PlannedAnswer): void {
    const { siteId, endpointId, checkType } = identity;
    if (!project || endpointId === null || checkType !== PROJECTED_CHECK) return;
    const entry = this.#endpointsOf(siteId).find((one) => one.endpointId === endpointId);
    if (entry === undefined) return;
    const states: string[] = [];
    for (const { identity: other, state } of this.#openOf(siteId).values()) {
      if (other.endpointId === endpointId && other.checkType === PROJECTED_CHECK) states.push(state);
    }
    const status = legacyStatusFor(states);
    if (status === entry.status) return;
    entry.status = status;
    // Also where nothing changed here: then the registry said something else than the log.
    this.#plan.statuses.set(endpointId, { endpointId, status, atMs: transitions.at(-1)?.step.changedAtMs ?? atMs });
  }
}

function isWatching(entry: EntryState | undefined, url: string): boolean {
  return entry?.active === true && entry.url === url;
}
