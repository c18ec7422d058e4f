import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { temporaryDatabase, temporaryFolder } from '../../test/kit/store.ts';
import { AppError } from '../domain/errors.ts';
import type { Terminal } from './command.ts';
import { define as defineKeys } from './keys.ts';
import { define as defineTenants } from './site-tenants.ts';

/** Both commands on a data folder of their own. */
async function commands() {
  const folder = temporaryFolder();
  const db = await temporaryDatabase(folder);
  const env = { JETMON_DATA_DIR: folder, DATABASE_URL: `sqlite:${join(folder, 'jetmon.db')}` };
  const run = async (words: string[], stdin = '') => {
    const said = { out: '', err: '' };
    const writable = (name: 'out' | 'err') =>
      new Writable({
        write(chunk, _encoding, done) {
          said[name] += String(chunk);
          done();
        },
      }) as unknown as NodeJS.WriteStream;
    const [out, err] = [writable('out'), writable('err')];
    const terminal: Terminal = { out, err, stdin: Readable.from([Buffer.from(stdin)]), env, setExitCode() {} };
    const [name = '', ...rest] = words;
    const command = new Command(name).exitOverride();
    (name === 'keys' ? defineKeys : defineTenants)(command, terminal);
    await command.parseAsync(rest, { from: 'user' });
    return said;
  };
  const refused = (words: string[], stdin?: string): Promise<AppError> =>
    run(words, stdin).then(
      () => expect.fail('it was taken'),
      (error: unknown) => (error instanceof AppError ? error : expect.fail(String(error))),
    );
  const rows = async () =>
    (await db.kysely.selectFrom('jetmon_site_tenants').selectAll().orderBy('blog_id').execute()).map(
      ({ tenant_id, blog_id, source }) => [tenant_id, blog_id, source],
    );
  return { folder, run, refused, rows };
}

const IMPORT = ['site-tenants', 'import', '--file'];

describe('site-tenants import', () => {
  it('brings in a file, and says what it did', async () => {
    const { folder, run, rows } = await commands();
    const file = join(folder, 'tenants.csv');
    writeFileSync(file, 'tenant_id,blog_id\nacme,1\nacme,2\nacme,2\n');
    const tried = await run([...IMPORT, file, '--dry-run']);
    expect([tried.out, await rows()]).toEqual([
      '2 pairs would be added, 0 refreshed; 1 lines said the same again\n',
      [],
    ]);
    expect((await run([...IMPORT, file])).out).toBe('2 pairs were added, 0 refreshed; 1 lines said the same again\n');
    expect(await rows()).toEqual([
      ['acme', 1n, 'gateway'],
      ['acme', 2n, 'gateway'],
    ]);
    const { out } = await run([...IMPORT, '-', '--source', 'billing', '--json'], 'acme,2\nbeta,3');
    const said = { created: 1, refreshed: 1, duplicates: 0, source: 'billing', dry_run: false };
    expect(JSON.parse(out)).toEqual(said);
    expect(await rows()).toHaveLength(3);
  });

  it('names each line that is wrong, and brings in nothing then', async () => {
    const { refused, rows } = await commands();
    const error = await refused([...IMPORT, '-'], 'acme,1\nacme,zero\n,2\n');
    expect(error.message).toBe(
      'standard input was not brought in: line 2: the blog id is not a positive 64-bit integer; line 3: the tenant id is empty',
    );
    expect(error.fix).toContain('nothing was changed');
    expect(await rows()).toEqual([]);
  });

  it('refuses what is no file and what is no source', async () => {
    const { folder, refused } = await commands();
    expect((await refused([...IMPORT, join(folder, 'none.csv')])).message).toContain('cannot be read (ENOENT)');
    expect((await refused([...IMPORT, '-', '--source', 'two words'])).message).toContain('--source');
  });
});

describe('keys', () => {
  it('are made with granular scopes, for a tenant or a gateway, and end when they are told to', async () => {
    const { run } = await commands();
    const create = ['keys', 'create', '--consumer', 'ci', '--json', '--scope'];
    const bound = JSON.parse((await run([...create, 'sites:read,events:read', '--tenant', 'acme', '--ttl', '1d'])).out);
    expect(bound).toMatchObject({
      ...{ scope: null, scopes: ['sites:read', 'events:read'], tenant_id: 'acme', is_gateway: false },
    });
    expect(Date.parse(bound.expires_at) - Date.parse(bound.created_at)).toBe(86_400_000);
    const gateway = JSON.parse((await run([...create, 'write', '--gateway'])).out);
    expect(gateway).toMatchObject({ scope: 'write', scopes: ['write'], is_gateway: true, tenant_id: null });
    const { out } = await run(['keys', 'list']);
    expect(out).toMatch(/sites:read events:read, tenant acme .*\n.*write, gateway /);
  });

  it('are rotated: a new token at once, the old one for a grace', async () => {
    const { run, refused } = await commands();
    const first = JSON.parse((await run(['keys', 'create', '--consumer', 'ci', '--scope', 'read', '--json'])).out);
    const next = JSON.parse((await run(['keys', 'rotate', '1', '--grace', '1h', '--json'])).out);
    expect(next).toMatchObject({ id: 2, consumer_name: 'ci', scope: 'read', replaces: 1 });
    // One is an instant of this machine, the other of the database.
    expect(Math.round((Date.parse(next.replaced_until) - Date.parse(next.created_at)) / 60_000)).toBe(60);
    expect(next.token).not.toBe(first.token);
    const words = await run(['keys', 'rotate', '2', '--grace', '0s']);
    expect(words.out).toMatch(/^key 3 takes the place of key 2, which is good until .*Z\n\n {2}jm_[A-Z2-7]{52}\n\n$/);
    expect((await run(['keys', 'list'])).out).toContain('revokes at ');
    const refusals = [await refused(['keys', 'rotate', '1']), await refused(['keys', 'rotate', '2'])];
    expect(refusals.map(({ code, message }) => [code, message])).toEqual([
      ['key_not_active', 'key 1 is being replaced already'],
      ['key_not_active', 'key 2 is revoked'],
    ]);
    expect((await refused(['keys', 'rotate', '9'])).code).toBe('key_not_found');
    expect((await refused(['keys', 'revoke', '9'])).code).toBe('key_not_found');
  });
});
