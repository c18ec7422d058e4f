import { expect, it } from 'vitest';
import { apiParts } from '../../test/kit/api-parts.ts';
import { temporaryStore } from '../../test/kit/store.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { EVERY_SITE, type Scoped, scoped } from '../domain/site-scope.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { viewSites } from './site-view.ts';

it('sites with many endpoints let others have their turn between them', async () => {
  const { db, addEndpoint } = await temporaryStore();
  const deps = apiParts(db, { clock: systemClock, random: systemRandom });
  const endpoint = await addEndpoint();
  const sites = Array.from({ length: 20 }, (_, n) => ({
    siteId: BigInt(n + 1) as SiteId,
    endpoints: Array.from({ length: 500 }, (_each, m) => ({
      ...endpoint,
      siteId: BigInt(n + 1) as SiteId,
      endpointId: scoped(EVERY_SITE, BigInt(n * 500 + m + 1) as EndpointId),
    })),
  }));
  let [atAStretch, most] = [0, 0];
  let isDone = false;
  const otherTurn = () => {
    atAStretch = 0;
    if (!isDone) setImmediate(otherTurn);
  };
  setImmediate(otherTurn);
  const runtime = {
    ...deps.runtime,
    latest(endpointId: Scoped<EndpointId>) {
      atAStretch += 1;
      most = Math.max(most, atAStretch);
      return deps.runtime.latest(endpointId);
    },
  };
  const views = await viewSites({ ...deps, runtime }, EVERY_SITE, sites);
  isDone = true;
  expect(views.map(({ endpoints }) => endpoints.length)).toEqual(Array(20).fill(500));
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(1_000);
});
