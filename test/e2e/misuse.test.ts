/** Wrong use of the program: one plain line with the thing, the cause and the fix, exit 2, and nothing half-written. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  createPlace,
  type Finished,
  type Place,
  type RunOptions,
  rowsOf,
  run,
  type Server,
  serverForTest,
  startServer,
  temporaryPlace,
} from '../kit/program.ts';
import { startTcpServer } from '../kit/tcp-server.ts';

/** The refusal's own line: `cause` and `fix` are parts of it. */
function expectRefusal(finished: Finished, cause: string, fix: string): void {
  expect(finished.err.split('\n')).toEqual([expect.stringMatching(/^error: .+[.?] Fix: .+[.?]$/), '']);
  expect(finished.err).toContain(cause);
  expect(finished.err.slice(finished.err.indexOf(' Fix: '))).toContain(fix);
  expect(finished).toMatchObject({ code: 2, signal: null, out: '' });
}

/** Every file of a folder with its content, but for the empty file that carries the lock. */
function contentOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return Object.fromEntries(
    files
      .map((one) => join(one.parentPath, one.name))
      .filter((path) => !path.endsWith('serve.lock'))
      .sort()
      .map((path) => [path, createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );
}

describe('words the program does not know', () => {
  it.each<[args: string[], cause: string, fix: string]>([
    [['chekc', 'example.com'], 'there is no command "chekc"', 'did you mean `jetmon2 check`'],
    [['frobnicate'], 'there is no command "frobnicate"', 'jetmon2 --help'],
    [['sites', 'lst'], "unknown command 'lst'", 'did you mean list'],
    [['check', '--jsn', 'x'], "unknown option '--jsn'", 'did you mean --json'],
    [['serve', 'example.com'], 'too many arguments', 'jetmon2 serve --help'],
    [['check'], 'there is no URL to check', 'jetmon2 check example.com'],
    [['check', 'http://'], '"http://" is not an absolute URL', 'https://example.com/'],
    [['check', 'ftp://example.com'], 'uses the scheme ftp:', 'use http:// or https://'],
    [['check', 'ht!tp://example.com'], 'is not an absolute URL', 'https://example.com/'],
    [['check', 'x', '--timeout', 'soon'], '--timeout soon', '`10s`'],
    [['sites', 'add', 'https://me:secret@example.com'], 'carries a user name or password', 'remove the part'],
    [['sites', 'add', 'example.com', 'mailto://b'], 'uses the scheme mailto:', 'use http:// or https://'],
    [['sites', 'add', 'example.com', '--every', 'often'], '--every often', '`60s` or `5m`'],
    [['sites', 'pause', 'first'], '"first" is not the number of a site', 'sites list'],
    [['serve', '--site', 'nope://example.com'], 'uses the scheme nope:', 'use http:// or https://'],
    [['keys', 'create', '--scope', 'read'], "required option '--consumer <name>'", 'jetmon2 keys --help'],
    [['keys', 'create', '--consumer', 'x', '--scope', 'root'], '--scope root', 'read, write, admin'],
    [['keys', 'create', '--consumer', 'x', '--scope', 'read,sites:write'], 'a coarse scope beside others', 'alone'],
    [['keys', 'create', '--consumer', 'x', '--scope', 'read', '--tenant', 'a b'], '--tenant is not', 'acme'],
    [['keys', 'create', '--consumer', 'x', '--scope', 'read', '--tenant', 'a', '--gateway'], 'exclude', 'leave one'],
    [['keys', 'rotate', '3', '--grace', 'soon'], '--grace soon', '`5m`'],
    [['keys', 'revoke', 'mine'], '"mine"', 'whole number'],
    [['site-tenants', 'import', '--file', 'nowhere.csv'], 'nowhere.csv cannot be read (ENOENT)', 'that is there'],
    [['audit'], "required option '--blog-id <id>'", 'jetmon2 audit --help'],
    [['audit', '--blog-id', '1', '--since', 'yesterday'], '--since yesterday', '`24h`'],
  ])('%j are refused, and no data folder is made', async (args, cause, fix) => {
    const { folder, dataDir } = temporaryPlace();
    const finished = await run(args, { folder });
    expectRefusal(finished, cause, fix);
    expect(finished.err).not.toContain('secret');
    expect(existsSync(dataDir)).toBe(false);
  });

  it('are refused as one JSON document where JSON was asked for', async () => {
    const { folder } = temporaryPlace();
    const { code, out, err } = await run(['check', '--json', 'ftp://example.com'], { folder });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'invalid_url', fix: 'use http:// or https://' } });
  });
});

describe('a configuration that is not right', () => {
  it.each<[env: Record<string, string>, cause: string, fix: string]>([
    [{ HTTP_PORT: 'eighty' }, 'HTTP_PORT', 'correct the environment'],
    [{ HTTP_PORT: '70000' }, 'HTTP_PORT', 'correct the environment'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL', 'correct the environment'],
    [{ EGRESS_ALLOW: '127.0.0.0/99' }, 'EGRESS_ALLOW', 'correct the environment'],
    [{ CHECK_DNS_RESOLVERS: 'resolver' }, 'CHECK_DNS_RESOLVERS: "resolver"', 'correct the environment'],
    [{ CHECK_CA_FILE: 'missing.pem' }, 'CHECK_CA_FILE: missing.pem cannot be read (ENOENT)', 'check the path'],
    [{ JETMON_CONFIG: 'missing.json' }, 'missing.json', 'JETMON_CONFIG'],
    [{ JETMON_CONFIG: 'unknown.json' }, 'unknown key "HTTP_PROT". Did you mean HTTP_PORT?', 'correct unknown.json'],
    [{ JETMON_CONFIG: 'broken.json' }, 'broken.json: this is not JSON', 'one JSON object'],
    [{ CHECK_CA_FILE: 'unknown.json' }, 'unknown.json holds no PEM certificate', 'BEGIN CERTIFICATE'],
  ])('is refused before anything starts: %j', async (env, cause, fix) => {
    const { folder, dataDir } = temporaryPlace();
    writeFileSync(join(folder, 'unknown.json'), '{ "HTTP_PROT": 8081 }');
    writeFileSync(join(folder, 'broken.json'), '{ "HTTP_PORT": ');
    expectRefusal(await run(['serve'], { folder, env }), cause, fix);
    expect(existsSync(dataDir)).toBe(false);
  });

  it.each([
    ['postgres://jetmon:secret@db.example/jetmon', 'postgres:', 'sqlite:<path>'],
    ['mysql://jetmon:secret@127.0.0.1:1/jetmon', 'database 127.0.0.1:1/jetmon refuses connections', 'host and port'],
  ])('with a database that cannot be used says so and keeps its password to itself: %s', async (url, cause, fix) => {
    const { folder } = temporaryPlace();
    const finished = await run(['serve'], { folder, env: { DATABASE_URL: url } });
    expectRefusal(finished, cause, fix);
    expect(finished.err).not.toContain('secret');
  });
});

describe('a port that is taken', () => {
  it('is named, and the data folder is free and whole afterwards', async () => {
    const { folder, dataDir } = temporaryPlace();
    const other = await startTcpServer(() => {});
    onTestFinished(() => other.stop());
    const finished = await run(['serve'], { folder, env: { HTTP_PORT: String(other.port), LOG_LEVEL: 'warn' } });
    expectRefusal(finished, `127.0.0.1 port ${other.port}: another program listens there`, 'set HTTP_PORT');
    expect(existsSync(join(dataDir, 'serve.json'))).toBe(false);
    const server = await serverForTest({ folder });
    expect(await server.client.health()).toEqual({ status: 'ok' });
  });
});

/** Every command that opens the data folder refuses it in the same words. */
const OPENERS = [['serve'], ['sites', 'list'], ['keys', 'list'], ['audit', '--blog-id', '1']];

describe('a data folder that cannot be used', () => {
  it.each(OPENERS)('because a file is in its place is refused by %s %s', async (...args) => {
    const { folder, dataDir } = temporaryPlace();
    writeFileSync(dataDir, 'mine');
    expectRefusal(await run(args, { folder }), `data folder ${dataDir} cannot be used`, 'JETMON_DATA_DIR');
    expect(readFileSync(dataDir, 'utf8')).toBe('mine');
  });

  it.runIf(ordinaryUser() !== null)('because it may only be read is refused', async () => {
    const { folder, dataDir } = temporaryPlace();
    mkdirSync(dataDir, { mode: 0o555 });
    chmodSync(folder, 0o755);
    onTestFinished(() => chmodSync(dataDir, 0o755));
    const finished = await run(['serve'], { folder, ...ordinaryUser(), env: { HOME: '/nonexistent' } });
    expectRefusal(finished, 'permission is denied', 'write permission');
    expect(readdirSync(dataDir)).toEqual([]);
  });
});

/** How to run as someone who may not write everywhere; null when root cannot hand the program to such a user here. */
function ordinaryUser(): Pick<RunOptions, 'uid'> | null {
  if (process.getuid?.() !== 0) return {};
  const uid = 65_534;
  const launcher = join(import.meta.dirname, '..', '..', 'bin', 'jetmon2');
  const { status } = spawnSync(process.execPath, [launcher, 'version'], { uid, env: { HOME: '/nonexistent' } });
  return status === 0 ? { uid } : null;
}

describe('a database file that is not ours to use', () => {
  /** Makes the file, in a data folder that a server has just left in good order. */
  const FILES: Record<string, { spoil(path: string): void; cause: string; fix: string }> = {
    'random bytes': {
      spoil: (path) => writeFileSync(path, randomBytes(9_000)),
      cause: 'is not a SQLite database',
      fix: 'restore the file from a backup',
    },
    'cut short': {
      spoil: (path) => truncateSync(path, 20_000),
      cause: 'is damaged',
      fix: 'restore the file from a backup',
    },
    'overwritten in the middle': {
      spoil(path) {
        const bytes = readFileSync(path);
        randomBytes(40_000).copy(bytes, 4_096);
        writeFileSync(path, bytes);
      },
      cause: 'is damaged',
      fix: 'restore the file from a backup',
    },
    "another program's": {
      spoil(path) {
        writeFileSync(path, '');
        change(path, 'create table their_notes (text); insert into their_notes values (1)');
      },
      cause: 'holds the data of another program',
      fix: 'choose another file with DATABASE_URL',
    },
    'changed by a newer program': {
      spoil: (path) => change(path, 'insert into jetmon_schema_migrations (id, applied_at) values (999, 0)'),
      cause: 'changed by a newer program: it is at migration 999',
      fix: 'use the newer program, or restore a backup',
    },
  };

  let used: Place;
  beforeAll(async () => {
    used = createPlace();
    await (await startServer({ folder: used.folder })).end('SIGTERM');
  });
  afterAll(() => used?.remove());

  it.for(Object.entries(FILES))('%s: is refused by every command and not touched', async ([, file]) => {
    const { folder, dataDir } = temporaryPlace();
    cpSync(used.dataDir, dataDir, { recursive: true });
    const path = join(dataDir, 'jetmon.db');
    file.spoil(path);
    const before = contentOf(dataDir);
    for (const args of OPENERS) {
      const finished = await run(args, { folder });
      expectRefusal(finished, file.cause, file.fix);
      expect(finished.err).toContain(`database ${path} `);
      expect(contentOf(dataDir)).toEqual(before);
    }
  });

  it('is found at another path too', async () => {
    const { folder } = temporaryPlace();
    const path = join(folder, 'no', 'such', 'folder.db');
    const finished = await run(['serve'], { folder, env: { DATABASE_URL: `sqlite:${path}` } });
    expectRefusal(finished, 'its folder does not exist', 'create the folder');
  });
});

function change(path: string, sql: string): void {
  const file = new DatabaseSync(path);
  file.exec(sql);
  file.close();
}

function randomBytes(length: number): Buffer {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(length)));
}

describe('a second server on the same data folder', () => {
  it('is refused with the pid of the first, which goes on', async () => {
    const { folder } = temporaryPlace();
    const first = await serverForTest({ folder });
    const facts = readFileSync(join(first.dataDir, 'serve.json'), 'utf8');
    const second = await run(['serve'], { folder });
    expectRefusal(second, `is in use by process ${first.pid} (serve, ${first.address})`, `kill ${first.pid}`);
    expect(await first.client.health()).toEqual({ status: 'ok' });
    expect(readFileSync(join(first.dataDir, 'serve.json'), 'utf8')).toBe(facts);
  });

  it('is refused too when it names the same database from another folder, also through a link', async () => {
    const first = await serverForTest({ folder: temporaryPlace().folder });
    const { folder } = temporaryPlace();
    const link = join(folder, 'alias.db');
    symlinkSync(join(first.dataDir, 'jetmon.db'), link);
    for (const path of [join(first.dataDir, 'jetmon.db'), link]) {
      const second = await run(['serve'], { folder, env: { DATABASE_URL: `sqlite:${path}` } });
      expectRefusal(
        second,
        `jetmon.db is in use by process ${first.pid} (serve, `,
        'another database with DATABASE_URL',
      );
    }
    expect(await first.client.health()).toEqual({ status: 'ok' });
  });

  it('is no matter when both name databases of their own in one folder', async () => {
    const { folder } = temporaryPlace();
    for (const name of ['one', 'two']) {
      const env = { JETMON_DATA_DIR: join(folder, name), DATABASE_URL: `sqlite:${join(folder, `${name}.db`)}` };
      await serverForTest({ folder, env });
    }
  });

  it('is no second server when the folder is a copy', async () => {
    const { folder } = temporaryPlace();
    const first = await serverForTest({ folder });
    await first.end('SIGKILL');
    const copy = temporaryPlace();
    cpSync(first.dataDir, copy.dataDir, { recursive: true });
    const server = await serverForTest({ folder: copy.folder });
    expect(server.token).toBe(first.token);
  });
});

describe('wrong requests to the API', () => {
  let place: Place;
  let server: Server;
  beforeAll(async () => {
    place = createPlace();
    server = await startServer({ folder: place.folder });
  });
  afterAll(async () => {
    await server?.end('SIGKILL');
    place?.remove();
  });

  const url = 'https://example.com';
  it.each<[method: string, path: string, sent: string | null, status: number, code: string]>([
    ['POST', '/sites', '{ "monitor_url": "ftp://example.com" }', 400, 'invalid_url'],
    ['POST', '/sites', '{ "monitor_url": "not a url" }', 400, 'invalid_url'],
    ['POST', '/sites', `{ "monitor_url": "${url}", "colour": "red" }`, 422, 'invalid_field'],
    ['POST', '/sites', `{ "monitor_url": "${url}", "timeout_seconds": 0 }`, 422, 'invalid_field'],
    ['POST', '/sites', '{ "monitor_url": ', 400, 'invalid_body'],
    ['POST', '/sites', '[]', 400, 'invalid_body'],
    ['POST', '/sites', '', 400, 'invalid_body'],
    ['GET', '/sites/first', null, 400, 'invalid_site_id'],
    ['GET', '/sites/99999999999999999999', null, 400, 'invalid_site_id'],
    ['GET', '/sites/404', null, 404, 'site_not_found'],
    ['DELETE', '/sites/404', null, 404, 'site_not_found'],
    ['GET', '/events/0x1', null, 400, 'invalid_event_id'],
    ['GET', '/sites?limit=none', null, 400, 'invalid_limit'],
    ['GET', '/sites?colour=red', null, 400, 'invalid_filter'],
    ['PUT', '/sites', '{}', 405, 'method_not_allowed'],
    ['GET', '/nowhere', null, 404, 'endpoint_not_found'],
  ])('%s %s %s is refused with %i %s', async (method, path, body, status, code) => {
    const reply = await fetch(`${server.address}/api/v1${path}`, {
      method,
      body,
      headers: { authorization: `Bearer ${server.token}` },
    });
    expect(reply.status).toBe(status);
    const error = { code, message: expect.any(String), fix: expect.any(String), request_id: expect.any(String) };
    expect(await reply.json()).toEqual({ error: expect.objectContaining(error) });
  });

  it('have changed nothing', async () => {
    expect(rowsOf(place.dataDir, 'select * from jetpack_monitor_sites')).toEqual([]);
    expect(await server.client.health()).toEqual({ status: 'ok' });
  });
});
