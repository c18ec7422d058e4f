/** Keeps what is watched as the registry has it: fills the fleet at the start, then takes in changes one after another. */
import type { ServerPolicy } from '../domain/decision-policy.ts';
import type { EndpointId } from '../domain/ids.ts';
import { EVERY_SITE, scoped } from '../domain/site-scope.ts';
import type { Clock } from '../lib/clock.ts';
import { withRoomToGrow } from '../lib/columns.ts';
import { readAhead } from '../lib/read-ahead.ts';
import type { Changes } from '../store/changes.ts';
import type { Endpoints } from '../store/endpoints.ts';
import type { EventStore } from '../store/events.ts';
import { BEFORE_ALL, type FleetRows } from '../store/fleet-rows.ts';
import type { RecentTransitions } from '../store/recent-transitions.ts';
import type { RuntimeStore } from '../store/runtime.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Gate } from './gate/gate.ts';
import type { OwnFailures } from './gate/own-failures.ts';
import { remembersForMs } from './judge/memory.ts';
import { recall } from './judge/recall.ts';
import type { Who } from './judge/target.ts';
import type { Logged } from './judge/targets.ts';
import type { Pipeline } from './pipeline.ts';
import type { Fleet } from './schedule/fleet.ts';

export type FollowParts = {
  endpoints: Pick<Endpoints, 'byId'>;
  fleetRows: FleetRows;
  events: Pick<EventStore, 'openIncidents' | 'openIncidentsOf'>;
  recentTransitions: RecentTransitions;
  runtime: Pick<RuntimeStore, 'begin' | 'forget' | 'healthyAtMs' | 'latest'>;
  changes: Changes;
  clock: Pick<Clock, 'nowMs'>;
  log: Log;
  metrics: Pick<Metrics, 'count'>;
  policy(): ServerPolicy;
  fleet: Fleet;
  pipeline: Pick<Pipeline, 'watch' | 'retire' | 'reserve'>;
  gate: Pick<Gate, 'remember'>;
  ownFailures: Pick<OwnFailures, 'saw'>;
  /** Told of each slot that is watched from now on. */
  greet(slot: number): void;
};

export interface RegistryFollower {
  /** Fills the fleet once `before` is done. Rejects as whatever failed does. Changes that come meanwhile are taken in after. */
  load(before: () => Promise<void>): Promise<void>;
  /** Reads these again, in turn; until then they are not watched. */
  follow(endpointIds: Iterable<EndpointId>): void;
  /** Reads it again with the next `followUnread`: it could not be read, or what was written of it is not known. */
  followLater(endpointId: EndpointId): void;
  followUnread(): void;
  /** Resolves when what is to be followed by now was taken in, or is known to be tried again. */
  settled(): Promise<void>;
  /** From now on nothing is watched anew. */
  stop(): void;
  /** Hears of no more changes. */
  close(): void;
}

/** Rows of the registry read at a time when the fleet is filled. */
const ROWS_PER_PAGE = 2_000;

/** Endpoints of earlier runs that the gate hears of: enough for as many networks as it keeps. */
const MOST_REMEMBERED = 500;

export function createRegistryFollower(parts: FollowParts): RegistryFollower {
  const { fleet, pipeline } = parts;
  /** Endpoints whose rows must be read again before they are looked at: a change, or a write of unknown outcome. */
  const unread = new Set<EndpointId>();
  /** URLs that endpoints had before changes that were not taken in yet. */
  const urlsBefore = new Map<EndpointId, string>();
  let reloading = Promise.resolve();
  let stopped = false;
  let remembered = 0;
  let unsubscribe = () => {};

  /** Returns the URL under which it was watched; null when it was not. */
  function retire(endpointId: EndpointId): string | null {
    const slot = fleet.find(endpointId);
    if (slot === -1) return null;
    const url = fleet.url(slot);
    pipeline.retire(slot);
    fleet.remove(slot);
    parts.ownFailures.saw(endpointId, null);
    return url;
  }

  function watch(slot: number, delayMs: number, logged?: Logged): void {
    parts.greet(slot);
    pipeline.watch(slot, delayMs, logged);
  }

  /** Never checked, failing, or overdue: look now. Otherwise keep the place in the round. */
  function delayOfFirstLook(slot: number, nowMs: number): number {
    const healthyAtMs = parts.runtime.healthyAtMs(fleet.endpointId(slot));
    const isFresh = healthyAtMs !== null && nowMs - healthyAtMs < fleet.intervalMs(slot);
    return isFresh ? fleet.untilNextCheck(slot, nowMs) : 0;
  }

  /**
   * A change of configuration is looked at once, because nobody knows yet what it brings. The old target retires
   * before the incidents are read, so that no late write of its own can be missed.
   */
  async function reload(endpointId: EndpointId, urlBefore: string | null): Promise<void> {
    retire(endpointId);
    const endpoint = await parts.endpoints.byId(EVERY_SITE, endpointId);
    if (urlBefore !== null && endpoint?.url !== urlBefore) parts.runtime.forget(endpointId);
    if (endpoint === null || !endpoint.active) {
      urlsBefore.delete(endpointId);
      return;
    }
    const incidents = await parts.events.openIncidentsOf(endpointId);
    const recent = endpoint.url === urlBefore ? await recentOf(endpoint) : new Map();
    const disabled = await parts.fleetRows.disabledChecks(endpointId);
    if (stopped) return;
    retire(endpointId);
    urlsBefore.delete(endpointId);
    if (urlBefore === null) parts.runtime.begin(endpointId);
    watch(fleet.add(endpoint, disabled), 0, { incidents, recent });
  }

  /** What happened to it lately, by check. */
  async function recentOf(endpoint: Who): Promise<Logged['recent']> {
    const policy = parts.policy();
    const sinceMs = parts.clock.nowMs() - remembersForMs(policy);
    const transitions = await parts.recentTransitions.ofEndpoint(endpoint, sinceMs);
    return recall(transitions, policy).get(endpoint.endpointId) ?? new Map();
  }

  function follow(endpointIds: Iterable<EndpointId>): void {
    for (const endpointId of endpointIds) {
      const before = retire(endpointId) ?? urlsBefore.get(endpointId) ?? null;
      if (before !== null) urlsBefore.set(endpointId, before);
      reloading = reloading
        .then(() => reload(endpointId, before))
        .catch((error: unknown) => {
          unread.add(endpointId);
          parts.metrics.count('registry_unread');
          parts.log.error(
            { err: error, endpoint: String(endpointId) },
            'a changed site could not be read; tried again soon',
          );
        });
    }
  }

  async function fill(): Promise<void> {
    const open = await parts.events.openIncidents();
    const [policy, nowMs] = [parts.policy(), parts.clock.nowMs()];
    const recent = recall(await parts.recentTransitions.since(nowMs - remembersForMs(policy)), policy);
    await watchAll();
    for (const endpointId of new Set([...open.keys(), ...recent.keys()])) {
      const slot = fleet.find(endpointId);
      if (slot === -1) continue;
      const incidents = open.get(endpointId) ?? new Map();
      const delayMs = incidents.size > 0 ? 0 : delayOfFirstLook(slot, nowMs);
      watch(slot, delayMs, { incidents, recent: recent.get(endpointId) ?? new Map() });
    }
  }

  async function watchAll(): Promise<void> {
    const { fleetRows } = parts;
    const slots = withRoomToGrow(await fleetRows.count());
    fleet.reserve(slots);
    pipeline.reserve(slots);
    const read = (after: bigint) => fleetRows.page(after, ROWS_PER_PAGE);
    for await (const page of readAhead(BEFORE_ALL, read, ({ next }) => next)) {
      const nowMs = parts.clock.nowMs();
      for (let row = 0; row < page.count; row += 1) {
        if (!page.isActive(row)) continue;
        const slot = fleet.addRow(page, row);
        watch(slot, delayOfFirstLook(slot, nowMs));
        remember(slot);
      }
    }
  }

  /** Those that were well can be asked about our network before anybody was looked at. */
  function remember(slot: number): void {
    if (remembered >= MOST_REMEMBERED) return;
    const endpointId = fleet.endpointId(slot);
    if (parts.runtime.healthyAtMs(endpointId) === null) return;
    remembered += 1;
    const latest = parts.runtime.latest(scoped(EVERY_SITE, endpointId));
    parts.gate.remember(endpointId, latest?.address ?? null, latest?.timings.total ?? 0);
  }

  return {
    load(before) {
      // From before the first read, so that no change falls between; those that come meanwhile wait until all is loaded.
      unsubscribe = parts.changes.subscribe((change) => {
        if (change.kind === 'site_changed') follow(change.endpointIds);
      });
      const loading = before().then(fill);
      // Whoever loads hears why it could not be done; those that wait for it only need to know it is over.
      reloading = loading.catch(() => {});
      return loading;
    },
    follow,
    followLater: (endpointId) => void unread.add(endpointId),
    followUnread() {
      follow(unread);
      unread.clear();
    },
    settled: () => reloading,
    stop() {
      stopped = true;
    },
    close: () => unsubscribe(),
  };
}
