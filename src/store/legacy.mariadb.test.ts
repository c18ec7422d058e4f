import { expect, it, onTestFinished } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { testMariadb } from '../../test/kit/mariadb-each.ts';
import { appendTo, storeOn } from '../../test/kit/store.ts';
import { createV1Registry, tableAsItIs } from '../../test/kit/v1-registry.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { openDatabase } from './database.ts';

let databases = 0;

async function versionOne(charset: string) {
  const server = testMariadb();
  if (server === null) throw new Error('there is no MariaDB');
  const name = `jetmon_v1_${process.pid}_${++databases}`;
  onTestFinished(async () => void (await server.query(`drop database if exists ${name}`)));
  await createV1Registry(server, name, charset);
  const before = await tableAsItIs(server, name);
  const db = await openDatabase({ url: server.url(name) });
  onTestFinished(() => db.close());
  return { store: storeOn(db), before, shape: () => tableAsItIs(server, name), rows: () => rowsIn(name) };

  async function rowsIn(database: string) {
    return await (server?.query(`select * from ${database}.jetpack_monitor_sites`) ?? []);
  }
}

it.each(['latin1', 'utf8mb3', 'utf8mb4'])(
  'the table of version 1 in %s serves as it is, and stays so',
  async (charset) => {
    const { store, before, shape, rows } = await versionOne(charset);
    const { endpoints, events } = store;
    expect(await shape()).toBe(before);
    expect(await rows()).toHaveLength(4);

    const [first, second] = await endpoints.bySite(EVERY_SITE, 4711n as never);
    expect(first).toMatchObject({
      url: 'https://old.example/',
      intervalSeconds: 300,
      legacyStatus: 2,
      statusChangedAtMs: Date.UTC(2020, 0, 2, 3, 4, 5),
    });
    expect(second).toMatchObject({ url: 'https://old.example/other', statusChangedAtMs: null });
    expect(await endpoints.bySite(EVERY_SITE, (2n ** 63n - 1n) as never)).toMatchObject([
      { intervalSeconds: 15_300, active: false },
    ]);
    const [zero] = await endpoints.bySite(EVERY_SITE, 12n as never);
    expect(zero).toMatchObject({ intervalSeconds: 60, statusChangedAtMs: null });
    if (zero === undefined) throw new Error('a row is missing');

    const wanted = { url: 'https://new.example/', active: true, bucketNo: 0, intervalSeconds: 60 };
    expect(await endpoints.create(EVERY_SITE, { ...wanted, siteId: null })).toEqual({ kind: 'site_id_required' });
    expect(await endpoints.create(EVERY_SITE, { ...wanted, siteId: 12n as never })).toMatchObject({ kind: 'created' });
    await endpoints.update(EVERY_SITE, zero.endpointId, {
      active: false,
      url: 'https://zero.example/2',
      intervalSeconds: 90,
    });
    await endpoints.update(EVERY_SITE, zero.endpointId, { active: true });

    await events.append(appendTo(zero, [{ op: 'open', state: 'Down', startedAtMs: 5_000, reason: 'opened' }]));
    expect(await endpoints.byId(EVERY_SITE, zero.endpointId)).toMatchObject({ legacyStatus: 2, intervalSeconds: 90 });
    await events.append(appendTo(zero, [{ op: 'close', reason: 'verifier_cleared' }], { atMs: 9_000 }));
    expect(await endpoints.byId(EVERY_SITE, zero.endpointId)).toMatchObject({
      legacyStatus: 1,
      statusChangedAtMs: 9_000,
    });
    expect(await shape()).toBe(before);
  },
);

it('URLs that differ in case, or in a space at the end, are two, whatever the table takes for the same', async () => {
  const { store } = await versionOne('latin1');
  const add = (url: string) =>
    store.endpoints.create(EVERY_SITE, { siteId: 9n as never, url, active: true, bucketNo: 0, intervalSeconds: 60 });
  expect((await add('https://a.example/Path')).kind).toBe('created');
  expect((await add('https://a.example/path')).kind).toBe('created');
  expect((await add('https://a.example/path ')).kind).toBe('created');
  expect((await add('https://a.example/path')).kind).toBe('exists');
  expect(await store.endpoints.findByUrl(EVERY_SITE, 'https://a.example/PATH')).toBeNull();
  expect(await store.endpoints.findByUrl(EVERY_SITE, 'https://a.example/path')).toMatchObject({
    url: 'https://a.example/path',
  });
  expect(await store.endpoints.findByUrl(EVERY_SITE, 'https://a.example/\u{1f600}')).toBeNull();
  expect(await store.endpoints.listSites(EVERY_SITE, { limit: 5, urlContains: '\u{1f600}' })).toEqual([]);
});

it('two processes that add the same URL at once add it once', async () => {
  const { store } = await versionOne('latin1');
  const wanted = { siteId: 9n as never, url: 'https://a.example/', active: true, bucketNo: 0, intervalSeconds: 60 };
  const added = await Promise.all(Array.from({ length: 12 }, () => store.endpoints.create(EVERY_SITE, wanted)));
  expect(added.filter(({ kind }) => kind === 'created')).toHaveLength(1);
  expect(await brokenInvariants(store.db)).not.toContain('I3 one open event per identity');
});
