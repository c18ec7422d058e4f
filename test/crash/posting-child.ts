/**
 * A server in a process of its own that is asked one thing, once, and kills itself around a commit: `argv` names the
 * database, the key, the body, and the moment (odd: before a commit, even: after it; 0: never). Says what it answered.
 */
import { createApiServer } from '../../src/api/server.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createApiKeys } from '../../src/store/api-keys.ts';
import { createChanges } from '../../src/store/changes.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEventQueries } from '../../src/store/event-queries.ts';
import { createEvents } from '../../src/store/events.ts';
import { createHistory } from '../../src/store/history/history.ts';
import { createRuntime } from '../../src/store/runtime.ts';
import { silentLog } from '../../src/telemetry/log.ts';

const [, , url = '', key = '', body = '', failAt = '0'] = process.argv;
const localKey = 'jm_LOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLO';
let moments = 0;
let isCounting = false;

const database = await openDatabase({
  url,
  onStatement(_, what) {
    if (!isCounting || what !== 'commit') return;
    moments += 1;
    if (moments === Number(failAt)) process.kill(process.pid, 'SIGKILL');
  },
});
const changes = createChanges({ log: silentLog });
const parts = { db: database, clock: systemClock, random: systemRandom };
const server = createApiServer({
  deps: {
    database,
    changes,
    endpoints: createEndpoints(database),
    events: createEvents({ db: database, changes }),
    eventQueries: createEventQueries(database),
    history: createHistory({ ...parts, log: silentLog, writer: 'test' }),
    runtime: createRuntime(parts),
    apiKeys: createApiKeys(parts),
    clock: systemClock,
    random: systemRandom,
  },
  policy: { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true },
  log: silentLog,
  localKey,
  page: null,
  proberStats: () => null,
  onResult: () => () => {},
});
isCounting = true;
const headers = { authorization: `Bearer ${localKey}`, 'idempotency-key': key };
const reply = await server.fetch('http://localhost/api/v1/sites', { method: 'POST', headers, body });
process.stdout.write(`${reply.status} after ${moments} moments\n`);
await server.close();
await database.close();
