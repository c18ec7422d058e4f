/** What happens to a log, drawn from a seed: appends alone and together, sent again, refused, cut short; and the world around it. */
import type { EndpointId, EventId, SiteId } from '../../src/domain/ids.ts';
import type { ChangeReason, CloseReason, Mutation } from '../../src/domain/mutation.ts';
import type { LoggedState } from '../../src/domain/state.ts';
import type { AppendInput, SiteCue } from '../../src/store/append/append-input.ts';
import type { EventIdentity } from '../../src/store/event-records.ts';
import type { Model, ModelEndpoint } from './event-log-state.ts';

export type Batch = { inputs: AppendInput[]; cues: SiteCue[] };

export type Step =
  /** `lost`: the process ends before the commit; `unanswered`: after it, and the same is sent again. */
  | { kind: 'batch'; batch: Batch; fate: 'answered' | 'lost' | 'unanswered' }
  /** Of sites that have nothing in common: it does not matter which of the two commits first. */
  | { kind: 'swapped'; first: Batch; second: Batch }
  | { kind: 'active'; endpointId: EndpointId; active: boolean; cue: SiteCue | null }
  | { kind: 'url'; endpointId: EndpointId; url: string }
  | { kind: 'lease'; bucketNo: number; epoch: number | null }
  /** Somebody else writes a state that nobody knows. */
  | { kind: 'poison'; eventId: EventId; state: string };

export type World = {
  model: Model;
  siteIds: readonly SiteId[];
  /** Makes operation ids unique among worlds. */
  name: string;
  /** Everything that was sent and answered, to be sent again. */
  sent: AppendInput[];
  operations: number;
  nowMs: number;
  /** Whether leases can be granted: otherwise every epoch but 0 is stale. */
  hasLeases: boolean;
  /** Every append is shown in the legacy status, and only what never shows there becomes unreadable. */
  isShown: boolean;
};

export type Draw = () => number;

export function pick<T>(random: Draw, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new RangeError('nothing to pick from');
  return value;
}

export function drawStep(random: Draw, world: World): Step {
  const chance = random();
  if (chance < 0.05) return drawActive(random, world);
  if (chance < 0.06) return { ...pickEndpoint(random, world), kind: 'url', url: pick(random, URLS) };
  if (chance < 0.08 && world.hasLeases)
    return { kind: 'lease', bucketNo: pick(random, BUCKETS), epoch: pick(random, [null, 1, 2]) };
  if (chance < 0.085) return drawPoison(random, world) ?? drawStep(random, world);
  if (chance < 0.12 && world.siteIds.length > 1) {
    const [siteId, ...others] = world.siteIds;
    if (siteId !== undefined)
      return {
        kind: 'swapped',
        first: drawBatch(random, world, [siteId]),
        second: drawBatch(random, world, others),
      };
  }
  const batch = drawBatch(random, world, world.siteIds);
  return { kind: 'batch', batch, fate: pick(random, FATES) };
}

const URLS = ['https://a.example/', 'https://b.example/'];
export const BUCKETS: readonly number[] = [0, 1];
const FATES = [...Array<'answered'>(18).fill('answered'), 'lost', 'unanswered'] as const;

function pickEndpoint(random: Draw, { model }: World): ModelEndpoint {
  return pick(random, model.endpoints);
}

function drawActive(random: Draw, world: World): Step {
  const { siteId, endpointId, active } = pickEndpoint(random, world);
  // Now and then another program does it, and tells nobody.
  const cue = random() < 0.9 ? drawCue(random, world, siteId) : null;
  return { kind: 'active', endpointId, active: !active, cue };
}

function drawPoison(random: Draw, { model, isShown }: World): Step | null {
  const open = model.events.filter(
    ({ endedAtMs, id, identity }) => endedAtMs === null && id !== null && !(isShown && identity.checkType === 'http'),
  );
  if (open.length === 0) return null;
  const { id } = pick(random, open);
  return id === null ? null : { kind: 'poison', eventId: id, state: 'Wobbly' };
}

function drawBatch(random: Draw, world: World, siteIds: readonly SiteId[]): Batch {
  const size = random() < 0.4 ? 1 : 1 + Math.floor(random() * 8);
  const inputs: AppendInput[] = [];
  while (inputs.length < size) {
    const again = random() < 0.12 ? pick(random, [...world.sent.slice(-40), ...inputs, null]) : null;
    const canGoAgain = again !== null && siteIds.includes(again.identity.siteId);
    inputs.push(canGoAgain ? again : drawInput(random, world, siteIds));
  }
  const cues = random() < 0.05 ? [drawCue(random, world, pick(random, siteIds))] : [];
  return { inputs, cues };
}

function drawCue(random: Draw, world: World, siteId: SiteId): SiteCue {
  return { siteId, opId: nextOperation(world), epoch: 0, atMs: drawTime(random, world), source: 'api' };
}

function nextOperation(world: World): string {
  world.operations += 1;
  return `${world.name}-${world.operations}`;
}

/** Much happens in the same instant; clocks are corrected now and then, and run backwards then. */
function drawTime(random: Draw, world: World): number {
  if (random() < 0.4) return world.nowMs;
  world.nowMs = Math.max(1_000, world.nowMs + Math.floor(random() * 2_000) - (random() < 0.15 ? 6_000 : 0));
  return world.nowMs;
}

function drawInput(random: Draw, world: World, siteIds: readonly SiteId[]): AppendInput {
  const siteId = pick(random, siteIds);
  const identity = drawIdentity(random, world, siteId);
  const atMs = drawTime(random, world);
  const count = pick(random, [0, 1, 1, 1, 1, 2, 3]);
  const mutations = Array.from({ length: count }, () => drawMutation(random, world, atMs));
  const attempts = Math.floor(random() * 4);
  const onlyEvent = random() < 0.1 ? drawEventId(random, world) : null;
  return {
    identity,
    mutations,
    failing: random() < 0.6 ? null : { sinceMs: atMs - attempts, attempts },
    opId: nextOperation(world),
    epoch: random() < 0.85 ? 0 : pick(random, [1, 2]),
    atMs,
    source: pick(random, ['local', 'api', 'operator:a']),
    metadata: random() < 0.1 ? { reason: 'http_500' } : null,
    project: random() < 0.97 || world.isShown,
    onlyWhileWatching: random() < 0.2 ? { url: pick(random, URLS) } : null,
    ...(onlyEvent === null ? {} : { onlyEvent }),
  };
}

const CHECKS = ['http', 'http', 'http', 'tls_expiry'] as const;
const DISCRIMINATORS = [null, null, null, 'a', 'b:c'] as const;

/** Few, so that they meet. */
function drawIdentity(random: Draw, { model }: World, siteId: SiteId): EventIdentity {
  const ofSite = model.endpoints.filter((endpoint) => endpoint.siteId === siteId);
  const discriminator = pick(random, DISCRIMINATORS);
  if (ofSite.length === 0 || random() < 0.1)
    return { siteId, endpointId: null, checkType: 'domain_expiry', discriminator };
  return { siteId, endpointId: pick(random, ofSite).endpointId, checkType: pick(random, CHECKS), discriminator };
}

const STATES: readonly LoggedState[] = ['Warning', 'Degraded', 'Seems Down', 'Seems Down', 'Down', 'Down'];
const CHANGES: readonly ChangeReason[] = ['local_confirmed', 'verifier_confirmed', 'state_change'];
const CLOSES: readonly CloseReason[] = ['probe_cleared', 'verifier_cleared', 'false_alarm', 'manual_override'];
const SEVERITIES = [0, 1, 2, 3, 4, 4, 5, 200, 255];

function drawMutation(random: Draw, world: World, atMs: number): Mutation {
  const chance = random();
  const severity = random() < 0.15 ? { severity: pick(random, SEVERITIES) } : {};
  const state = pick(random, STATES);
  const reason = pick(random, CHANGES);
  if (chance < 0.38) {
    const startedAtMs = atMs - Math.floor(random() * 3_000) + (random() < 0.1 ? 4_000 : 0);
    return { op: 'open', state, ...severity, startedAtMs, reason: 'opened' };
  }
  if (chance < 0.55) {
    const began = random() < 0.3 ? { beganAtMs: atMs - Math.floor(random() * 3_000) + 200 } : {};
    return { op: 'promote', state, ...severity, reason, ...began };
  }
  if (chance < 0.62) return { op: 'set_severity', severity: pick(random, SEVERITIES), reason };
  if (chance < 0.68) return { op: 'set_state', state, reason };
  if (chance < 0.76) return { op: 'link', causeEventId: random() < 0.3 ? null : drawEventId(random, world) };
  return { op: 'close', reason: pick(random, CLOSES) };
}

/** No database of a test gets that far; a small number would be the id of an event sooner or later. */
const NO_EVENT = 9_000_000_000_000n as EventId;

function drawEventId(random: Draw, { model }: World): EventId {
  const named = model.events.slice(-8).flatMap(({ id }) => (id === null ? [] : [id]));
  return named.length === 0 ? NO_EVENT : pick(random, named);
}
