import { join } from 'node:path';
import { Writable } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { appendTo, temporaryFolder, temporaryStore } from '../../test/kit/store.ts';
import { recordAudit } from '../store/audit.ts';
import { define } from './audit.ts';
import type { Terminal } from './command.ts';

/** The command on a data folder with one site, to which things happened at the times that are given. */
async function auditCommand() {
  const folder = temporaryFolder();
  const { db, events, addEndpoint } = await temporaryStore(folder);
  const { siteId, endpointId } = await addEndpoint();
  const said = { out: '', err: '' };
  const writable = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        said[name] += String(chunk);
        done();
      },
    }) as unknown as NodeJS.WriteStream;
  const env = { JETMON_DATA_DIR: folder, DATABASE_URL: `sqlite:${join(folder, 'jetmon.db')}` };
  const terminal: Terminal = {
    out: writable('out'),
    err: writable('err'),
    stdin: process.stdin,
    env,
    setExitCode() {},
  };
  const run = async (...words: string[]) => {
    Object.assign(said, { out: '', err: '' });
    const command = new Command('audit').exitOverride();
    define(command, terminal);
    await command.parseAsync(words, { from: 'user' });
    return { ...said };
  };
  const at = (iso: string) => Date.parse(iso);
  const write = (iso: string, detail: string) =>
    recordAudit(db.kysely, [{ siteId, eventType: 'config_change', source: 'api', detail, atMs: at(iso) }]);
  const fail = (iso: string) => {
    const opens = [{ op: 'open', state: 'Seems Down', startedAtMs: at(iso), reason: 'opened' }] as const;
    return events.append(appendTo({ siteId, endpointId }, opens, { atMs: at(iso) }));
  };
  return { run, write, fail, siteId: String(siteId) };
}

const SINCE = ['--since', '2026-01-01T00:00:00Z'];

describe('audit', () => {
  it('shows what was done and what the event log says in one order', async () => {
    const { run, write, fail, siteId } = await auditCommand();
    await fail('2026-01-02T00:00:01Z');
    await write('2026-01-02T00:00:02.500Z', 'site paused');
    await write('2026-01-02T00:00:00Z', 'URL added: https://a.example/');
    const { out, err } = await run('--blog-id', siteId, ...SINCE);
    expect({ lines: out.trimEnd().split('\n'), err }).toEqual({
      lines: [
        'TIME                      EVENT  WHAT                    WHY                            SOURCE',
        '2026-01-02T00:00:00.000Z         config_change           URL added: https://a.example/  api',
        '2026-01-02T00:00:01.000Z  1      http: Up -> Seems Down  opened                         local',
        '2026-01-02T00:00:02.500Z         config_change           site paused                    api',
      ],
      err: '',
    });
  });

  it('says where to go on when there is more, and in JSON too', async () => {
    const { run, write, siteId } = await auditCommand();
    await write('2026-01-02T00:00:00Z', 'first');
    await write('2026-01-03T00:00:00Z', 'second');
    const { err } = await run('--blog-id', siteId, ...SINCE, '--limit', '1');
    expect(err).toBe('There is more: go on with --since 2026-01-02T00:00:00.000Z, or raise --limit.\n');
    const { out } = await run('--blog-id', siteId, ...SINCE, '--limit', '1', '--json');
    expect(JSON.parse(out)).toMatchObject({ more: true, data: [{ kind: 'audit', detail: 'first', blog_id: 1 }] });
    const until = await run('--blog-id', siteId, ...SINCE, '--until', '2026-01-03T00:00:00Z', '--json');
    expect(JSON.parse(until.out)).toMatchObject({ more: false, data: [{ detail: 'first' }] });
  });

  it('lets no text of a stranger forge a line or a colour', async () => {
    const { run, write, siteId } = await auditCommand();
    await write('2026-01-02T00:00:00Z', 'a\n2026-01-02 forged \u001b[31m\u202e');
    for (const json of [[], ['--json']]) {
      const { out } = await run('--blog-id', siteId, ...SINCE, ...json);
      expect(out.trimEnd().split('\n').length).toBe(json.length === 1 ? 1 : 2);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
      expect(out).not.toMatch(/[\u001b\u202e]/);
    }
  });

  it('tells a quiet site from one that does not exist', async () => {
    const { run, siteId } = await auditCommand();
    expect((await run('--blog-id', siteId, '--since', '1h')).out).toBe(
      `Nothing happened to site ${siteId} in that time.\n`,
    );
    await expect(run('--blog-id', '999')).rejects.toMatchObject({ code: 'site_not_found' });
  });

  it.each([
    ['a number that no site has', ['--blog-id', '0']],
    ['a number beyond 64 bits', ['--blog-id', '9223372036854775808']],
    ['a time that is none', ['--blog-id', '1', '--since', 'yesterday']],
    ['a day that no month has', ['--blog-id', '1', '--since', '2026-02-30T00:00:00Z']],
    ['an end before the start', ['--blog-id', '1', '--since', '1h', '--until', '2h']],
    ['no entries at all', ['--blog-id', '1', '--limit', '0']],
  ])('refuses %s', async (_, words) => {
    const { run } = await auditCommand();
    await expect(run(...words)).rejects.toMatchObject({ code: 'invalid_arguments', fix: expect.any(String) });
  });
});
