import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import { type Ran, runCommand } from '../../test/kit/commands.ts';
import { appendTo, temporaryFolder } from '../../test/kit/store.ts';
import { CONTRACTS } from '../contracts/all.ts';
import * as api from './api.ts';

/** The command, asking a server of this test. */
async function onServer() {
  const server = await startApi();
  const env = { JETMON_API_URL: server.address, JETMON_API_TOKEN: LOCAL_KEY };
  const run = (...words: string[]): Promise<Ran> => runCommand(api, words, { env });
  async function json(...words: string[]) {
    const { out, err, code } = await run(...words, '--json');
    expect({ err, code }).toEqual({ err: '', code: 0 });
    return JSON.parse(out);
  }
  const withInput = (input: string, ...words: string[]) => runCommand(api, words, { env, input });
  return { server, run, json, withInput };
}

describe('jetmon2 api', () => {
  it('takes a site through its life', async () => {
    const { json, run } = await onServer();
    const created = await json(
      'sites',
      'create',
      '--url',
      'https://a.example/',
      '--check-interval',
      '5',
      '--custom-header',
      'X-One: 1',
    );
    expect(created).toMatchObject({
      monitor_url: 'https://a.example/',
      check_interval: 5,
      custom_header_names: ['X-One'],
    });
    expect(await json('sites', 'update', '1', '--clear-custom-headers', '--timeout-seconds', '9')).toMatchObject({
      custom_header_names: [],
      timeout_seconds: 9,
    });
    expect(await json('sites', 'pause', '1')).toMatchObject({ current_state: 'Paused' });
    expect(await json('sites', 'resume', '--site-id', '1')).toMatchObject({ monitor_active: true });
    expect(await json('sites', 'get', '1')).toMatchObject({ id: 1, active_events: [] });
    expect(await run('sites', 'delete', '1')).toEqual({ out: 'done\n', err: '', code: 0 });
    expect(await json('sites', 'list', '--removed=false')).toMatchObject({ data: [] });
  });

  it('shows people a table, and what there is more of', async () => {
    const { run } = await onServer();
    for (const name of ['a', 'b', 'c']) await run('sites', 'create', '--url', `https://${name}.example/`);
    const list = await run('sites', 'list', '--limit', '2');
    expect(list.out).toMatch(
      /^ID +MONITOR URL +CURRENT STATE .*\n1 +https:\/\/a\.example\/ .*\n2 +https:\/\/b\.example\/ .*\n$/,
    );
    expect(list.err).toMatch(/^There are more: --cursor \S+, or --all\.\n$/);
    const next = await run('sites', 'list', '--cursor', /--cursor (\S+),/.exec(list.err)?.[1] ?? '');
    expect(next).toMatchObject({ err: '', out: expect.stringMatching(/\n3 /) });
    expect((await run('sites', 'get', '3')).out).toMatch(/^id +3\n(.*\n)*monitor_url +https:\/\/c\.example\/\n/);
    expect((await run('events', 'list')).out).toBe('There are none.\n');
    expect((await run('fleet')).out).toMatch(/^sites\.total +3\n(.*\n)*sites\.by_state\.Unknown +3\n/);
    expect((await run('sites', 'list', '--pretty')).out).toMatch(/^\{\n {2}"data": \[\n/);
  });

  it('walks all pages, row by row', async () => {
    const { run } = await onServer();
    for (const name of ['a', 'b', 'c', 'd', 'e']) await run('sites', 'create', '--url', `https://${name}.example/`);
    const rows = await run('sites', 'list', '--all', '--limit', '2', '--output', 'json');
    expect(
      rows.out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).id),
    ).toEqual([1, 2, 3, 4, 5]);
    const table = await run('sites', 'list', '--all', '--limit', '2');
    expect(table.out.match(/^\d/gm)).toHaveLength(5);
    expect(table.out.match(/^ID/gm)).toHaveLength(1);
  });

  it('finds events wherever they are asked for', async () => {
    const { server, json } = await onServer();
    const endpoint = await server.addEndpoint();
    const opened = { op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' } as const;
    await server.events.append(appendTo(endpoint, [opened]));
    for (const words of [[], ['1'], ['1', '1'], ['--site-id', '1'], ['--active']]) {
      expect(await json('events', 'list', ...words), words.join(' ')).toMatchObject({ data: [{ id: 1 }] });
    }
    expect(await json('events', 'get', '1')).toMatchObject({ id: 1 });
    expect(await json('events', 'get', '1', '--site-id', '1')).toMatchObject({ id: 1 });
    expect(await json('events', 'transitions', '1', '1')).toMatchObject({ data: [{ seq: 1 }] });
    const closed = await json(
      'events',
      'close',
      '1',
      '--site-id',
      '1',
      '--reason',
      'false_alarm',
      '--note',
      'a fire drill',
    );
    expect(closed).toMatchObject({ resolution_reason: 'false_alarm' });
  });

  it('takes a body from a file or standard input, and lays flags over it', async () => {
    const { json, withInput } = await onServer();
    const file = join(temporaryFolder(), 'site.json');
    writeFileSync(file, '{"monitor_url":"https://a.example/","check_interval":5}');
    expect(await json('sites', 'create', '--body-file', file, '--check-interval', '7')).toMatchObject({
      check_interval: 7,
    });
    const piped = await withInput(
      '{"monitor_url":"https://b.example/"}',
      'sites',
      'create',
      '--body-file',
      '-',
      '--json',
    );
    expect(JSON.parse(piped.out)).toMatchObject({ monitor_url: 'https://b.example/' });
    const many = ['sites', 'bulk-create', '--sites', '[{"monitor_url":"https://c.example/"}]', '--atomic'];
    expect(await json(...many)).toMatchObject({ done: 1 });
  });

  it('says what the API refuses on standard error, and ends with 1', async () => {
    const { run } = await onServer();
    const refused = await run('sites', 'get', '9');
    expect(refused).toMatchObject({ out: '', code: 1, err: expect.stringMatching(/^error: there is no site 9\./) });
    const document = await run('sites', 'get', '9', '--output', 'json');
    expect(JSON.parse(document.err)).toMatchObject({
      error: { code: 'site_not_found', status: 404, request_id: expect.any(String) },
    });
  });

  it('carries out what has a key once', async () => {
    const { json, run } = await onServer();
    const create = ['sites', 'create', '--url', 'https://a.example/', '--idempotency-key', 'k1'];
    expect(await json(...create)).toEqual(await json(...create));
    const other = await run('sites', 'create', '--url', 'https://b.example/', '--idempotency-key', 'k1', '--json');
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('idempotency_conflict') });
  });

  it('escapes what strangers wrote', async () => {
    const { run, json } = await onServer();
    await json('sites', 'create', '--url', 'https://a.example/', '--check-keyword', '\u009b31mred\u202e');
    for (const words of [
      ['sites', 'list'],
      ['sites', 'get', '1'],
      ['sites', 'get', '1', '--pretty'],
      ['request', 'GET', 'sites/1'],
    ]) {
      const { out } = await run(...words);
      expect(out, words.join(' ')).not.toMatch(/[\u009b\u202e]/);
    }
  });

  it('asks anything with `request`', async () => {
    const { run, withInput } = await onServer();
    const made = await withInput('{"monitor_url":"https://a.example/"}', 'request', 'post', 'sites', '-');
    expect(JSON.parse(made.out)).toMatchObject({ id: 1 });
    expect(JSON.parse((await run('request', 'GET', 'sites?limit=1')).out)).toMatchObject({ page: { limit: 1 } });
    expect((await run('request', 'GET', '/api/v1/sites', '--output', 'table')).out).toMatch(/^ID /);
    expect(await run('request', 'DELETE', '/api/v1/sites/1')).toEqual({ out: '', err: '', code: 0 });
    expect(await run('request', 'GET', '/api/v1/nothing')).toMatchObject({ code: 1, out: '' });
    await expect(run('request', 'BREW', 'sites')).rejects.toMatchObject({ code: 'invalid_arguments' });
    await expect(run('request', 'POST', 'sites', '--body', '{')).rejects.toMatchObject({ code: 'invalid_arguments' });
    await expect(run('request', 'GET', 'sites', '--body', '{}')).rejects.toMatchObject({ code: 'invalid_arguments' });
  });

  it('follows the stream for as long as it is told', async () => {
    const { run } = await onServer();
    const [followed] = await Promise.all([
      run('stream', '--for', '2s'),
      whenSoon(() => run('sites', 'create', '--url', 'https://a.example/')),
    ]);
    expect(JSON.parse(followed.out.split('\n')[0] ?? '')).toMatchObject({ event: 'site', data: { change: 'created' } });
    const nobody = await runCommand(api, ['stream', '--for', '9s', '--base-url', 'http://127.0.0.1:1']);
    expect(nobody).toMatchObject({ code: 1, out: '' });
  });

  it('lists its commands, each operation among them', async () => {
    const { run } = await onServer();
    const { data } = JSON.parse((await run('commands', '--json')).out);
    const operations = data.flatMap(({ operation }: { operation: string | null }) => operation ?? []);
    expect(operations.sort()).toEqual(CONTRACTS.map(({ operationId }) => operationId).sort());
    expect((await run('commands')).out).toMatch(
      /^COMMAND +METHOD +PATH .*\n(.*\n)*sites pause +POST +\/api\/v1\/sites\/:site_id\/pause /,
    );
  });

  it('shows an example of each operation in its help', async () => {
    const { data } = JSON.parse((await runCommand(api, ['commands', '--json'])).out);
    for (const { command, operation } of data as { command: string; operation: string | null }[]) {
      if (operation === null) continue;
      const help = await helpOf(command.split(' '));
      expect(help, command).toContain(`  $ jetmon2 api ${command}`);
      expect(help, command).toContain('--base-url <url>');
    }
  });

  it('asks the data folder of this machine when no server is named', async () => {
    const env = { JETMON_DATA_DIR: join(temporaryFolder(), 'data') };
    const created = await runCommand(api, ['sites', 'create', '--url', 'https://a.example/', '--json'], { env });
    expect(JSON.parse(created.out)).toMatchObject({ id: 1 });
    expect((await runCommand(api, ['sites', 'list'], { env })).out).toContain('https://a.example/');
    await expect(runCommand(api, ['stream'], { env })).rejects.toMatchObject({
      message: expect.stringMatching(/^no server runs/),
    });
  });
});

async function helpOf(words: readonly string[]): Promise<string> {
  const said: string[] = [];
  const { Command } = await import('commander');
  const command = new Command('api').exitOverride().configureOutput({ writeOut: (text) => void said.push(text) });
  const none = { out: process.stdout, err: process.stderr, stdin: process.stdin, env: {}, setExitCode() {} };
  api.define(command, none);
  await command.parseAsync([...words, '--help'], { from: 'user' }).catch(() => {});
  return said.join('');
}

/** Once the other side had time to connect. */
async function whenSoon<T>(act: () => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => setTimeout(resolve, 500));
  return act();
}
