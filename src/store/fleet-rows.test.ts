import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { BEFORE_ALL } from './fleet-rows.ts';

describe('the rows of the fleet', () => {
  it('say what the endpoints say, page by page, paused ones too', async () => {
    const { addEndpoint, endpoints, fleetRows } = await temporaryStore();
    const urls = ['https://a.example/', 'https://ü.example/ä?q=1', `https://c.example/${'x'.repeat(250)}`];
    for (const url of urls) await addEndpoint({ url });
    const [first, second, third] = await endpoints.all(EVERY_SITE);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were added');
    await endpoints.update(EVERY_SITE, first.endpointId, { active: false, intervalSeconds: 90 });
    await endpoints.update(EVERY_SITE, second.endpointId, {
      timeoutSeconds: 7,
      plan: { keyword: 'Welcome', http2: true },
    });
    await endpoints.update(EVERY_SITE, third.endpointId, { intervalSeconds: 604_800 });
    expect(await fleetRows.count()).toBe(3);
    const found: unknown[] = [];
    const wanted: unknown[] = [];
    for (let after: bigint | null = BEFORE_ALL; after !== null; ) {
      const page = await fleetRows.page(after, 2);
      for (let row = 0; row < page.count; row++) {
        found.push({
          endpointId: page.endpointIds[row],
          siteId: page.siteIds[row],
          url: page.urls.slice(page.urlStart(row), page.urlEnd(row)),
          active: page.isActive(row),
          intervalMs: page.intervalMs(row),
          timeoutMs: page.timeoutMs(row),
          plan: page.plan(row),
        });
      }
      after = page.next;
    }
    for (const { endpointId, siteId, url, active, intervalSeconds, timeoutSeconds, plan } of await endpoints.all(
      EVERY_SITE,
    )) {
      const timeoutMs = timeoutSeconds === null ? null : timeoutSeconds * 1_000;
      wanted.push({ endpointId, siteId, url, active, intervalMs: intervalSeconds * 1_000, timeoutMs, plan });
    }
    expect(found).toEqual(wanted);
  });

  it('are none of an empty registry', async () => {
    const { fleetRows } = await temporaryStore();
    expect(await fleetRows.count()).toBe(0);
    expect(await fleetRows.page(BEFORE_ALL, 10)).toMatchObject({ count: 0, next: null });
  });
});
