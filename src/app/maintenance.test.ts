import { expect, it, onTestFinished } from 'vitest';
import { failing, watchingEngine } from '../../test/kit/engine.ts';
import { createApiServer } from '../api/server.ts';
import { createClient } from '../client/client.ts';
import { startMaintenance, stopMaintenance } from '../contracts/maintenance.ts';
import { systemRandom } from '../lib/random.ts';
import { createApiKeys } from '../store/api-keys.ts';
import { createHistory } from '../store/history/history.ts';
import { silentLog } from '../telemetry/log.ts';

const KEY = 'jm_LOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLOCALLO';

it('a script that starts maintenance, deploys and stops it sees no event for what broke meanwhile', async () => {
  const bench = await watchingEngine();
  const { store, clock, runtime, endpoint, prober } = bench;
  const { db: database, queries: eventQueries } = store;
  const apiKeys = createApiKeys({ db: database, clock, random: systemRandom });
  const history = createHistory({ db: database, clock, log: silentLog, writer: 'test' });
  const server = createApiServer({
    deps: { ...store, database, eventQueries, runtime, history, apiKeys, clock, random: systemRandom },
    policy: { defaultIntervalSeconds: 60, minIntervalSeconds: 60, projectStatus: true },
    ...{ log: silentLog, localKey: KEY, page: null, validateReplies: true },
    ...{ onResult: bench.engine.onResult, proberStats: bench.engine.proberStats },
  });
  onTestFinished(() => server.close());
  const { address } = await server.listen({ host: '127.0.0.1', port: 0 });
  const client = createClient({ baseUrl: address, token: KEY });
  const params = { site_id: endpoint.siteId };
  const stateOfSite = async () => (await client.sites.get(endpoint.siteId)).current_state;

  async function failFor(ms: number) {
    for (let passed = 0; passed < ms; passed += 5_000) {
      clock.advance(5_000);
      await bench.quiet();
      for (const job of prober.out()) prober.answer(job.id, failing());
      await bench.quiet();
    }
  }

  await client.call(startMaintenance, { params, body: { duration_minutes: 30 } });
  await failFor(70_000);
  expect(await stateOfSite()).toBe('Maintenance');
  expect(await bench.allEvents()).toEqual([]);

  await client.call(stopMaintenance, { params, body: {} });
  expect(await stateOfSite()).not.toBe('Maintenance');
  await failFor(40_000);
  expect(await stateOfSite()).toBe('Down');
});
