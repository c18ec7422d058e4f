/** What an API server works on, put together over a database. For tests, and for programs that no test runs. */
import type { Clock } from '../../src/lib/clock.ts';
import type { Random } from '../../src/lib/random.ts';
import type { ServiceDeps } from '../../src/services/deps.ts';
import { createApiKeys } from '../../src/store/api-keys.ts';
import { createChanges } from '../../src/store/changes.ts';
import type { Database } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEventQueries } from '../../src/store/event-queries.ts';
import { createEvents } from '../../src/store/events.ts';
import { createHistory } from '../../src/store/history/history.ts';
import { createRuntime } from '../../src/store/runtime.ts';
import { silentLog } from '../../src/telemetry/log.ts';

export function apiParts(db: Database, { clock, random }: { clock: Clock; random: Random }): ServiceDeps {
  const changes = createChanges({ log: silentLog });
  return {
    database: db,
    endpoints: createEndpoints(db, clock),
    events: createEvents({ db, changes }),
    changes,
    eventQueries: createEventQueries(db),
    history: createHistory({ db, clock, log: silentLog, writer: 'test' }),
    runtime: createRuntime({ db, clock }),
    apiKeys: createApiKeys({ db, clock, random, databaseNowMs: clock.nowMs }),
    clock,
    random,
  };
}
