/** The endpoints in trouble, by slot: each is made when trouble begins and let go when it is forgotten. */
import type { ServerPolicy } from '../../domain/decision-policy.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { NOTHING_RECENT, type OpenIncident, type Recent } from '../../domain/incident.ts';
import type { MaintenanceWindow } from '../../domain/maintenance.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Fleet } from '../schedule/fleet.ts';
import { isConfirming, isForgettable, memoryOf } from './memory.ts';
import type { Target, Who } from './target.ts';

/** What the log knows of an endpoint, by check: what is open, and what happened lately. */
export type Logged = {
  incidents: ReadonlyMap<string, OpenIncident>;
  recent: ReadonlyMap<string, Recent>;
};

const NOTHING_LOGGED: Logged = { incidents: new Map(), recent: new Map() };

/** The targets there are: one a slot at most. */
export interface Targets {
  /** Null when the endpoint is not in trouble. */
  at(slot: number): Target | null;
  /** The target of a slot, made when there is none, of what the log knows of it. */
  of(slot: number, logged?: Logged): Target;
  /** Lets go of a target that is calm again: its slot says all there is to know. */
  release(target: Target): void;
  /** Those there are, by endpoint. */
  find(endpointId: EndpointId): Target | null;
  /** Those on which a failure is being confirmed. */
  confirming(): number;
  all(): Iterable<Target>;
  /** The endpoint is not watched any more, or not as it was. */
  retire(slot: number): void;
}

type Parts = {
  fleet: Fleet;
  clock: Pick<Clock, 'nowMs'>;
  policy(): ServerPolicy;
  /** The newest window that has begun, `own` being that of the endpoint's row. */
  maintenanceOf(who: Who, own: MaintenanceWindow | null): MaintenanceWindow | null;
  /** How long the last healthy look at an endpoint took, ms; null: not known. */
  usualMs(endpointId: EndpointId): number | null;
};

export function createTargets(parts: Parts): Targets {
  const { fleet, maintenanceOf } = parts;
  const targets = new Map<number, Target>();
  return {
    at: (slot) => targets.get(slot) ?? null,
    of(slot, logged = NOTHING_LOGGED) {
      const known = targets.get(slot);
      if (known !== undefined) return known;
      const target = targetAt(fleet, slot, logged, { usualMs: parts.usualMs(fleet.endpointId(slot)), maintenanceOf });
      targets.set(slot, target);
      return target;
    },
    release(target) {
      const isOurs = targets.get(target.slot) === target;
      if (isOurs && isForgettable(target, parts.clock.nowMs(), parts.policy())) targets.delete(target.slot);
    },
    confirming() {
      let count = 0;
      for (const target of targets.values()) if (isConfirming(target)) count += 1;
      return count;
    },
    all: () => targets.values(),
    find: (endpointId) => targets.get(fleet.find(endpointId)) ?? null,
    retire(slot) {
      const target = targets.get(slot);
      if (target === undefined) return;
      target.retired = true;
      targets.delete(slot);
    },
  };
}

function targetAt(
  fleet: Fleet,
  slot: number,
  { incidents, recent }: Logged,
  { usualMs, maintenanceOf }: Pick<Parts, 'maintenanceOf'> & { usualMs: number | null },
): Target {
  const who = { endpointId: fleet.endpointId(slot), siteId: fleet.siteId(slot) };
  const own = fleet.maintenance(slot);
  return {
    slot,
    ...who,
    url: fleet.url(slot),
    intervalMs: fleet.intervalMs(slot),
    timeoutMs: fleet.timeoutMs(slot),
    plan: fleet.plan(slot),
    incidents: new Map(incidents),
    memory: memoryFrom(incidents, recent),
    get maintenance() {
      return maintenanceOf(who, own);
    },
    usualMs,
    isJudged: false,
    looksUndecided: 0,
    extrasUndecided: 0,
    epoch: 0,
    turn: Promise.resolve(),
    retired: false,
  };
}

/** With the causes that an earlier run linked, so that one which no longer explains is taken away. */
function memoryFrom(incidents: Logged['incidents'], recent: Logged['recent']): Target['memory'] {
  const memory: Target['memory'] = new Map([...recent].map(([check, known]) => [check, memoryOf(known)]));
  for (const [check, { causeEventId }] of incidents) {
    if (causeEventId === undefined) continue;
    memory.set(check, { ...(memory.get(check) ?? memoryOf(NOTHING_RECENT)), linked: causeEventId });
  }
  return memory;
}
