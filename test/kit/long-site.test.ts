import { expect, it } from 'vitest';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { DEFAULT_SLA_OPTIONS as options } from '../../src/domain/sla.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { siteUptime } from '../../src/services/measure-uptime.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { historyOn } from './history.ts';
import { writeLongSite } from './long-site.ts';
import { temporaryDatabase } from './store.ts';

const DAY_MS = 86_400_000;

it('a site that is said to have been watched for long is as time would have left it', async () => {
  const db = await temporaryDatabase();
  const nowMs = 20_000 * DAY_MS + DAY_MS / 24;
  const site = await writeLongSite(db, { nowMs, days: 17, looksBetweenOutages: 240 });
  const history = historyOn(db);
  const { endpointId, siteId } = site.endpoint;
  const window = { fromMs: nowMs - 17 * DAY_MS, toMs: nowMs };
  const told = async () => [
    await history.totals([endpointId], window),
    await history.seriesOf([endpointId], { ...window, step: 'hour' }),
    await history.coverage(endpointId, window.fromMs, window.toMs, 60_000),
    await db.kysely.selectFrom('jetmon_history_blocks').select(['start_ms', 'span']).execute(),
  ];
  const before = await told();
  await history.retain(nowMs);
  expect(await told()).toEqual(before);
  expect(before[0]).toMatchObject({ checks: site.looks });
  const deps = { database: db, endpoints: createEndpoints(db), history, clock: systemClock };
  const { report, falseAlarms } = await siteUptime(deps, EVERY_SITE, { siteId, window, options });
  expect(report).toMatchObject({ downtimeMs: site.downtimeMs, coverage: 1, outages: { count: site.outages } });
  expect(falseAlarms).toBe(10);
});
