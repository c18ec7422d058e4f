import { expect, it } from 'vitest';
import { observed, verdict } from '../../../test/kit/fake-prober.ts';
import { endpointOf, temporaryHistory } from '../../../test/kit/history.ts';
import { failedCheckOf, failedTimes, insertFailures } from './failures.ts';
import { DAY_MS } from './sample.ts';

const DAY = 20_000 * DAY_MS;
const ONE = endpointOf(1).endpointId;

it('what a failed look saw is found again, also where it saw nothing', async () => {
  const { db, history } = await temporaryHistory();
  const failing = verdict('Seems Down');
  const seen = { ...observed([failing], DAY), httpCode: 503, timings: { dns: 1.4, tcp: 2.6, total: 12.4 } };
  const nothing = { ...observed([failing], DAY + 1), timings: {} };
  const rows = [failedCheckOf({ ...endpointOf(1), method: 'HEAD' }, seen, failing)];
  rows.push(failedCheckOf(endpointOf(1), nothing, failing));
  await db.transaction((tx) => insertFailures(tx, db.dialect, rows));
  const unknown = { httpCode: null, errorCode: null, rttMs: null, dnsMs: null, tcpMs: null, tlsMs: null, ttfbMs: null };
  const facts = { ...endpointOf(1), reason: 'tcp_refused' };
  expect(await history.failures(ONE, DAY, DAY + 2, 9)).toEqual([
    { ...facts, ...unknown, atMs: DAY + 1, method: 'GET' },
    { ...facts, ...unknown, atMs: DAY, method: 'HEAD', httpCode: 503, rttMs: 12, dnsMs: 1, tcpMs: 3 },
  ]);
});

it('many are inserted at once, or none', async () => {
  const { db, history } = await temporaryHistory();
  const failing = verdict('Seems Down');
  const rows = Array.from({ length: 501 }, (_, index) =>
    failedCheckOf(endpointOf(1), observed([failing], DAY + index), failing),
  );
  await db.transaction((tx) => insertFailures(tx, db.dialect, []));
  expect(await history.failures(ONE, DAY, DAY + 999, 999)).toEqual([]);
  await db.transaction((tx) => insertFailures(tx, db.dialect, rows));
  expect(await history.failures(ONE, DAY, DAY + 999, 999)).toHaveLength(501);
});

it('when many failed is told in order and within the window, over days and pages', async () => {
  const { db } = await temporaryHistory();
  const failing = verdict('Seems Down');
  const times = Array.from({ length: 20_100 }, (_, nth) => DAY + nth * 9_000);
  const rows = times.map((atMs) => failedCheckOf(endpointOf(1), observed([failing], atMs), failing));
  await db.transaction((tx) => insertFailures(tx, db.dialect, rows));
  const within = (fromMs: number, toMs: number) => db.snapshot((tx) => failedTimes(db, tx, ONE, { fromMs, toMs }));
  expect(await within(0, DAY + 10 * DAY_MS)).toEqual(times);
  expect(await within(DAY + 1, DAY + 18_000)).toEqual([DAY + 9_000]);
  expect(await within(DAY + DAY_MS, DAY + DAY_MS + 1)).toEqual([DAY + DAY_MS]);
  expect(await within(DAY - DAY_MS, DAY)).toEqual([]);
});

it('a failed look is stored within the bounds of its columns', async () => {
  const { db, history } = await temporaryHistory();
  const odd = {
    httpCode: 99_999,
    errorCode: 1,
    rttMs: 2 ** 40,
    dnsMs: -3,
    tcpMs: Number.NaN,
    tlsMs: 0.4,
    ttfbMs: null,
  };
  const failed = { ...endpointOf(1), atMs: DAY + 0.5, method: ' head ', reason: 'x'.repeat(99), ...odd };
  await db.transaction((tx) =>
    insertFailures(tx, db.dialect, [failed, { ...failed, atMs: DAY + 0.9 + 1, method: '' }]),
  );
  const [second, first] = await history.failures(ONE, 0, DAY + 9, 9);
  const phases = { rttMs: 2 ** 31 - 1, dnsMs: 0, tcpMs: null, tlsMs: 0, ttfbMs: null };
  expect(first).toMatchObject({ method: 'HEAD', httpCode: 32_767, reason: 'x'.repeat(64), atMs: DAY, ...phases });
  expect(second?.method).toBe('GET');
});

it('a look that is written again is there once, as it was first', async () => {
  const { db, history } = await temporaryHistory();
  const failing = verdict('Seems Down');
  const look = failedCheckOf(endpointOf(1), observed([failing], DAY), failing);
  for (const reason of ['tcp_refused', 'another']) {
    await db.transaction((tx) => insertFailures(tx, db.dialect, [{ ...look, reason }]));
  }
  expect(await history.failures(ONE, DAY, DAY + 1, 9)).toMatchObject([{ reason: 'tcp_refused' }]);
});
