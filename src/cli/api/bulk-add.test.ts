import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { runCommand } from '../../../test/kit/command.ts';
import { temporaryFolder } from '../../../test/kit/store.ts';
import { firstIdOf, MARKER } from './batch.ts';
import { define } from './bulk-add.ts';
import { define as defineCleanup } from './cleanup.ts';

const URLS = ['https://a.example/', 'https://b.example/'];

async function withApi() {
  const { address, ask, apiKeys } = await startApi();
  const here = ['--base-url', address, '--token', LOCAL_KEY];
  const input = URLS.join('\n');
  const fromStdin = (...words: string[]) =>
    runCommand({ define }, [...here, '--source', 'stdin', '--batch', 'mine', '--json', ...words], { input });
  const cleanup = () => runCommand({ define: defineCleanup }, [...here, '--batch', 'mine']);
  const sites = async () => {
    const { body } = await ask('GET', '/api/v1/sites?include_cli_metadata=1&limit=200');
    return body.data as { id: number; monitor_url: string; cli_batch?: string; monitor_active: boolean }[];
  };
  return { ask, apiKeys, here, fromStdin, cleanup, sites };
}

describe('bulk-add', () => {
  const first = firstIdOf('mine');

  it('adds a list under the ids and the mark of its batch, and goes through it again for more', async () => {
    const { fromStdin, sites } = await withApi();
    const told = await fromStdin('--count', '3');
    expect(told.document()).toMatchObject({ ok: true, batch: 'mine', done: 3, dry_run: false });
    expect(told.document().undo).toMatch(/^jetmon2 api sites cleanup --batch mine --base-url http:/);
    const added = [0, 1, 2].map((n) => ({ id: first + n, monitor_url: URLS[n % 2], cli_batch: 'mine' }));
    expect(await sites()).toMatchObject(added);
  });

  it('adds nothing on a dry run, and nothing a second time', async () => {
    const { fromStdin, sites } = await withApi();
    const statuses = (told: { document(): { sites: { status: string }[] } }) =>
      told.document().sites.map(({ status }) => status);
    expect(statuses(await fromStdin('--dry-run'))).toEqual(['would_create', 'would_create']);
    expect(await sites()).toEqual([]);
    expect(statuses(await fromStdin())).toEqual(['created', 'created']);
    expect(statuses(await fromStdin())).toEqual(['exists', 'exists']);
    expect(await sites()).toHaveLength(2);
  });

  it('takes back what was cleaned up', async () => {
    const { fromStdin, cleanup, sites } = await withApi();
    await fromStdin('--monitor-active=false');
    expect((await sites()).map(({ monitor_active }) => monitor_active)).toEqual([false, false]);
    await cleanup();
    const told = await fromStdin('--count', '1');
    expect(told.document().sites).toMatchObject([{ status: 'taken_back' }]);
    expect((await sites()).map(({ monitor_active }) => monitor_active)).toEqual([true, false]);
  });

  it('adds no URL to a site that is not of its batch, and then adds nothing at all', async () => {
    const { ask, fromStdin, sites } = await withApi();
    const stranger = { blog_id: first + 1, monitor_url: 'https://stranger.example/' };
    await ask('POST', '/api/v1/sites', { body: stranger });
    await expect(fromStdin()).rejects.toThrow(`site ${first + 1} was not added by a command like this`);
    const others = { blog_id: first, monitor_url: 'https://o.example/', custom_headers: { [MARKER]: 'theirs' } };
    await ask('POST', '/api/v1/sites', { body: others });
    await expect(fromStdin('--count', '1')).rejects.toThrow(/is of the batch "theirs", not of "mine"/);
    expect(await sites()).toHaveLength(2);
  });

  it('stops where a site of the batch watches something else', async () => {
    const { fromStdin, here, sites } = await withApi();
    await fromStdin();
    const words = [...here, '--batch', 'mine', '--source', 'stdin'];
    const other = runCommand({ define }, words, { input: 'https://c.example/' });
    await expect(other).rejects.toThrow(/of the batch watches https:\/\/a\.example\/, not https:\/\/c\.example\//);
    expect(await sites()).toHaveLength(2);
  });

  it('says which one the server refuses, and that nothing was added', async () => {
    const { ask, here, apiKeys, sites } = await withApi();
    await ask('POST', '/api/v1/sites', { body: { blog_id: first + 1, monitor_url: 'https://stranger.example/' } });
    // Whoever may not see the stranger's site learns of it only from the refusal.
    const { token } = await apiKeys.create({ consumerName: 'acme', scope: 'write', tenantId: 'acme' });
    const words = [...here, '--token', token, '--batch', 'mine', '--source', 'stdin'];
    const told = await runCommand({ define }, words, { input: URLS.join('\n') });
    expect(told.exitCode).toBe(1);
    expect(told.out).toMatch(new RegExp(`^${first} +not_done .*\\n${first + 1} +failed .*\\n0 of 2 added`, 'm'));
    expect(told.err).toMatch(new RegExp(`^error: site ${first + 1}: the blog id ${first + 1} is taken. Fix: choose`));
    expect(await sites()).toHaveLength(1);
  });

  it('names the entry that is no URL, and asks nothing of the server', async () => {
    const { here, sites } = await withApi();
    const input = JSON.stringify([URLS[0], `https://a.example/${'x'.repeat(300)}`]);
    const told = runCommand({ define }, [...here, '--source', 'stdin'], { input });
    await expect(told).rejects.toThrow(/entry 2 of standard input: the URL is 318 bytes long/);
    expect(await sites()).toEqual([]);
  });

  it('reads a file, and a table for people names each site with what became of it', async () => {
    const { here } = await withApi();
    const file = join(temporaryFolder(), 'urls.csv');
    writeFileSync(file, `name,url\na,${URLS[0]}\n`);
    const told = await runCommand({ define }, [...here, '--file', file]);
    expect(told.out).toMatch(
      /^SITE +STATUS +URL\n900000000 +created +https:\/\/a\.example\/\n1 of 1 added; to undo it: /,
    );
    expect(told.exitCode).toBe(0);
  });
});

it('bulk-add refuses a source that does not fit the rest', async () => {
  const run = (...words: string[]) => runCommand({ define }, words);
  await expect(run('--source', 'file')).rejects.toThrow(/--source file and --file/);
  await expect(run('--source', 'stdin', '--file', 'x')).rejects.toThrow(/--source stdin and --file/);
  await expect(run('--count', '0')).rejects.toThrow(/--count 0 is not a number from 1 to 200/);
  await expect(run('--batch', 'a b')).rejects.toThrow(/--batch is not a label/);
});
