import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkout, createCheckout, type Finished, start } from '../kit/checkout.ts';

let checkout: Checkout;
let log: string;
beforeEach(() => {
  checkout = createCheckout({ installed: false });
  log = join(checkout.root, 'npm.log');
});
afterEach(() => checkout.remove());

/** A stand-in for npm: notes that it ran, does `body`, and leaves behind what npm leaves. */
function npm(body: string): string {
  const file = join(checkout.root, 'npm-cli.js');
  writeFileSync(
    file,
    `const fs = require('fs');
    fs.appendFileSync(${JSON.stringify(log)}, process.argv.slice(2).join(' ') + '\\n');
    ${body}
    fs.mkdirSync('node_modules', { recursive: true });
    fs.writeFileSync('node_modules/.package-lock.json', '{"packages":{}}');`,
  );
  writeFileSync(join(checkout.root, 'package.json'), '{"name":"tiny","version":"1.0.0"}');
  return file;
}

/** Runs `ensureInstalled` as a command of its own. */
function install(options: string, env: Record<string, string> = {}): Promise<Finished> {
  const code = `const { ensureInstalled, refuse } = require('./scripts/install.cjs');
    try { console.log(ensureInstalled(process.cwd(), ${options})); } catch (error) { refuse(error); }`;
  return start(['-e', code], { cwd: checkout.root, env }).finished;
}

const using = (file: string) => `{ npm: [process.execPath, ${JSON.stringify(file)}] }`;
const runs = () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0);
const leftLocks = () => readdirSync(checkout.root).filter((name) => name.startsWith('.installing'));

describe('a first run', () => {
  it('installs once, with no scripts of packages, and says so on stderr alone', async () => {
    const file = npm('');
    const first = await install(using(file));
    expect(first).toMatchObject({ code: 0, out: 'true\n' });
    expect(first.err).toMatch(/first run: installing dependencies .*\n.*dependencies installed in \d/);
    expect(readFileSync(log, 'utf8')).toContain('ci --ignore-scripts');
    const second = await install(using(file));
    expect(second).toMatchObject({ code: 0, out: 'false\n', err: '' });
    expect(runs()).toBe(1);
    expect(leftLocks()).toEqual([]);
  });

  it('works with the real npm and nothing to fetch', async () => {
    const { code, out } = await install('{}', {
      npm_config_offline: 'true',
      npm_config_cache: join(checkout.root, 'cache'),
    });
    expect({ code, out }).toEqual({ code: 0, out: 'true\n' });
  });

  it('installs again when the lockfile asks for something else', async () => {
    const file = npm('');
    await install(using(file));
    const lockfile = {
      lockfileVersion: 3,
      packages: { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' } },
    };
    writeFileSync(join(checkout.root, 'package-lock.json'), JSON.stringify(lockfile));
    expect((await install(using(file))).out).toBe('true\n');
  });

  it('takes an install made by hand for good when it is what the lockfile asks for', async () => {
    const packages = {
      'node_modules/a': { version: '1.0.0', integrity: 'x' },
      'node_modules/dev': { version: '1.0.0', integrity: 'y', dev: true },
      'node_modules/other-os': { version: '1.0.0', integrity: 'z', optional: true, os: ['plan9'] },
    };
    writeFileSync(join(checkout.root, 'package-lock.json'), JSON.stringify({ packages: { '': {}, ...packages } }));
    mkdirSync(join(checkout.root, 'node_modules'));
    const installed = { packages: { 'node_modules/a': packages['node_modules/a'] } };
    writeFileSync(join(checkout.root, 'node_modules', '.package-lock.json'), JSON.stringify(installed));
    const never = using(npm('process.exit(1);'));
    expect((await install(never.replace('{', "{ wants: 'runtime',"))).out).toBe('false\n');
    expect((await install(never)).code).toBe(2);
  });
});

describe('two first runs at once', () => {
  it('install once between them', async () => {
    const file = npm('Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);');
    const both = await Promise.all([install(using(file)), install(using(file))]);
    expect(both.map((run) => run.code)).toEqual([0, 0]);
    expect(both.map((run) => run.out).sort()).toEqual(['false\n', 'true\n']);
    expect(runs()).toBe(1);
    expect(leftLocks()).toEqual([]);
  });

  it('do not wait for one that was killed', async () => {
    const { child, finished } = start(['-e', '']);
    await finished;
    mkdirSync(join(checkout.root, '.installing'));
    writeFileSync(join(checkout.root, '.installing', 'pid'), String(child.pid));
    expect(await install(using(npm('')))).toMatchObject({ code: 0, out: 'true\n' });
    expect(leftLocks()).toEqual([]);
  });

  it('give up in words on one that does not end', async () => {
    mkdirSync(join(checkout.root, '.installing'));
    writeFileSync(join(checkout.root, '.installing', 'pid'), String(process.pid));
    const { code, err } = await install('{ lockWaitMs: 300 }');
    expect(code).toBe(2);
    expect(err).toContain(`another installation (process ${process.pid}) does not end`);
    expect(leftLocks()).toEqual(['.installing']);
  });
});

describe('an install that fails', () => {
  const failing = (code: string) => npm(`process.stderr.write('npm error code ${code}\\n'); process.exit(1);`);

  it.each([
    ['EAI_AGAIN', /the npm registry is out of reach \(EAI_AGAIN\)/],
    ['EACCES', /is not writable for this user \(EACCES\)/],
    ['ENOSPC', /the disk is full/],
    ['EUSAGE', /package-lock\.json does not fit package\.json/],
    ['EODD', /`npm ci` failed \(EODD\)/],
  ])('for %s says what and why and how to go on, with exit code 2', async (code, words) => {
    const run = await install(using(failing(code)));
    expect(run.code).toBe(2);
    expect(run.err.trim().split('\n').at(-1)).toMatch(words);
    expect(run.out).toBe('');
    expect(leftLocks()).toEqual([]);
    expect(existsSync(join(checkout.root, 'node_modules', '.jetmon-installed'))).toBe(false);
  });

  it('names npm when there is none', async () => {
    const { code, err } = await install("{ npm: ['no-such-npm'] }");
    expect(code).toBe(2);
    expect(err).toContain('npm is not on the PATH');
  });

  it.runIf(process.getuid?.() === 0)('says that the folder is not writable before npm is asked', async () => {
    chmodSync(checkout.root, 0o755);
    const code = `const { ensureInstalled, refuse } = require('./scripts/install.cjs');
      try { ensureInstalled(process.cwd()); } catch (error) { refuse(error); }`;
    const run = await start(['-e', code], { cwd: checkout.root, uid: 65_534 }).finished;
    expect(run.code).toBe(2);
    expect(run.err).toMatch(/^jetmon2: cannot install dependencies: .* is not writable for this user \(EACCES\)/);
  });

  it('tells of a checkout without a lockfile', async () => {
    rmSync(join(checkout.root, 'package-lock.json'));
    expect((await install('{}')).err).toContain('there is no package-lock.json');
  });
});
