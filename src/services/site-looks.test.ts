import { expect, it } from 'vitest';
import { lookAt, temporaryHistory } from '../../test/kit/history.ts';
import { storeOn } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import { DEFAULT_RULES } from '../domain/rollup-rules.ts';
import { readLooks } from './site-looks.ts';

const MINUTE = 60_000;

/** Each endpoint was the only one that was watched, for a minute, one after the other. */
async function siteOfMany(count: number) {
  const { db, history } = await temporaryHistory();
  const { addEndpoint } = storeOn(db);
  const siteId = 7n as SiteId;
  const first = await addEndpoint({ siteId });
  const endpoints = Array.from({ length: count }, (_, nth) => ({
    ...first,
    endpointId: (first.endpointId + BigInt(nth)) as typeof first.endpointId,
    active: nth === count - 1,
  }));
  const noted = (untilMs: number, state: 'watched' | 'absent') => ({ untilMs, state, intervalMs: MINUTE });
  const ofEach = endpoints.map(({ endpointId }, nth) => {
    history.add({ ...lookAt(1, nth * MINUTE), endpointId, siteId });
    const until = nth === count - 1 ? [] : [noted((nth + 1) * MINUTE, 'watched')];
    return [endpointId, [noted(nth * MINUTE, 'absent'), ...until]] as const;
  });
  const earlier = { endpoints: new Map(ofEach), rules: [] };
  const window = { fromMs: 0, toMs: count * MINUTE };
  return readLooks({ history }, { endpoints, window, wanted: [], rules: DEFAULT_RULES, earlier, keptFromMs: null });
}

it('a site was observed while whoever spoke for it was, and who spoke in turns is counted', async () => {
  const looks = await siteOfMany(30);
  expect(looks.stretches).toHaveLength(30);
  expect(looks.ofSite().reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0)).toBe(30 * MINUTE);
  await expect(siteOfMany(61)).rejects.toMatchObject({ code: 'invalid_window' });
});
