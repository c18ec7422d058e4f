import { describe, expect, it } from 'vitest';
import { LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { runCommand } from '../../../test/kit/command.ts';
import { MARKER } from './batch.ts';
import { define } from './cleanup.ts';

async function withSites() {
  const { address, ask } = await startApi();
  async function add(blog_id: number, batch?: string): Promise<void> {
    const custom_headers = batch === undefined ? {} : { custom_headers: { [MARKER.toLowerCase()]: batch } };
    const body = { blog_id, monitor_url: `https://s${blog_id}.example/`, ...custom_headers };
    expect((await ask('POST', '/api/v1/sites', { body })).status).toBe(201);
  }
  const run = (...words: string[]) =>
    runCommand({ define }, ['--base-url', address, '--token', LOCAL_KEY, '--json', ...words]);
  async function statuses(...words: string[]) {
    const told = await run(...words);
    const { ok, sites } = told.document() as { ok: boolean; sites: { site_id: number; status: string }[] };
    return { ok, exitCode: told.exitCode, ...Object.fromEntries(sites.map((one) => [one.site_id, one.status])) };
  }
  const isThere = async (id: number) => (await ask('GET', `/api/v1/sites/${id}`)).body.removed_at === null;
  return { ask, add, run, statuses, isThere };
}

describe('cleanup', () => {
  it('removes all sites of a batch and nothing else', async () => {
    const { add, statuses, isThere } = await withSites();
    await add(11, 'mine');
    await add(12, 'mine');
    await add(13, 'theirs');
    await add(14);
    const all = { ok: true, exitCode: 0 };
    expect(await statuses('--batch', 'mine', '--dry-run')).toEqual({ ...all, 11: 'would_delete', 12: 'would_delete' });
    expect(await isThere(11)).toBe(true);
    expect(await statuses('--batch', 'mine')).toEqual({ ...all, 11: 'deleted', 12: 'deleted' });
    expect(await Promise.all([11, 12, 13, 14].map(isThere))).toEqual([false, false, true, true]);
    expect(await statuses('--batch', 'mine')).toEqual(all);
  });

  it('removes no more at once than it is told to, and says that there are more', async () => {
    const { add, run } = await withSites();
    for (const id of [21, 22, 23]) await add(id, 'mine');
    const told = await run('--batch', 'mine', '--count', '2');
    expect(told.document().sites).toHaveLength(2);
    expect(told.err).toContain('There are more sites of this batch: run it again.');
  });

  it('leaves sites alone that are named and carry another mark, or none', async () => {
    const { add, statuses, isThere } = await withSites();
    await add(31, 'mine');
    await add(32, 'theirs');
    await add(33);
    const left = 'skipped_unmatched_batch';
    expect(await statuses('--batch', 'mine', '--blog-id-start', '31', '--count', '4')).toEqual({
      ...{ ok: false, exitCode: 1 },
      ...{ 31: 'deleted', 32: left, 33: left, 34: 'not_found' },
    });
    expect(await Promise.all([32, 33].map(isThere))).toEqual([true, true]);
  });

  it('removes a site of no batch only where that is said, and never one of another batch', async () => {
    const { add, statuses } = await withSites();
    await add(41, 'theirs');
    await add(42);
    const named = ['--site-id', '41', '--site-id', '42', '--batch', 'mine'];
    expect(await statuses(...named, '--allow-unmarked')).toMatchObject({
      41: 'skipped_unmatched_batch',
      42: 'deleted',
    });
    expect(await statuses('--site-id', '41')).toMatchObject({ ok: true, 41: 'deleted' });
  });

  it('takes what is not there, or was removed before, for done unless told otherwise', async () => {
    const { add, statuses } = await withSites();
    await add(51, 'mine');
    const named = ['--batch', 'mine', '--site-id', '51', '--site-id', '52'];
    await statuses(...named);
    expect(await statuses(...named)).toEqual({ ok: true, exitCode: 0, 51: 'not_found', 52: 'not_found' });
    expect(await statuses(...named, '--no-ignore-not-found')).toMatchObject({ ok: false, exitCode: 1 });
  });
});

describe('cleanup on another machine', () => {
  const elsewhere = ['--base-url', 'https://monitor.example', '--token', LOCAL_KEY];
  const run = (...words: string[]) => runCommand({ define }, [...elsewhere, ...words]);

  it.each([
    [['--batch', 'b'], /--allow-remote/],
    [['--site-id', '3', '--allow-remote'], /--batch/],
    [['--batch', 'b', '--allow-remote', '--allow-unmarked'], /--allow-unmarked is not for monitor\.example/],
    [['--batch', 'b', '--dry-run'], /--allow-remote/],
  ])('asks nothing of it with %j', async (words, message) => {
    const refused = await run(...words).catch((error: unknown) => error);
    const { message: cause, fix } = refused as { message: string; fix: string };
    expect(`${cause} ${fix}`).toMatch(message);
  });
});

it('cleanup of nothing in particular, or of too much, is refused', async () => {
  const run = (...words: string[]) => runCommand({ define }, words);
  await expect(run()).rejects.toThrow(/nothing says which sites/);
  await expect(run('--blog-id-start', '5')).rejects.toThrow(/how far to go/);
  await expect(run('--batch', 'b', '--count', '201')).rejects.toThrow(/--count 201/);
  await expect(run('--site-id', '1', '--blog-id-start', '5')).rejects.toThrow(/exclude each other/);
});
