/** What the verbs of this folder work on; each takes the part it needs. */
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import type { ApiKeys } from '../store/api-keys.ts';
import type { Changes } from '../store/changes.ts';
import type { Database } from '../store/database.ts';
import type { Endpoints } from '../store/endpoints.ts';
import type { EventQueries } from '../store/event-queries.ts';
import type { EventStore } from '../store/events.ts';
import type { History } from '../store/history/history.ts';
import type { RuntimeStore } from '../store/runtime.ts';

export type ServiceDeps = {
  database: Database;
  endpoints: Endpoints;
  events: EventStore;
  eventQueries: EventQueries;
  history: History;
  runtime: RuntimeStore;
  apiKeys: ApiKeys;
  changes: Changes;
  clock: Clock;
  random: Random;
};

/** Limits and defaults a configuration sets for sites. */
export type SitePolicy = {
  /** Interval of a site whose creator names none. */
  defaultIntervalSeconds: number;
  /** `MIN_CHECK_INTERVAL_SECONDS`. */
  minIntervalSeconds: number;
  /** Whether the status column of the legacy registry follows (`LEGACY_STATUS_PROJECTION_ENABLE`). */
  projectStatus: boolean;
};
