import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkout, createCheckout, start } from '../kit/checkout.ts';

type Told = { argv: string[]; pid: number; ppid: number; version: string; cache: string | null };

let checkout: Checkout;
let launcher: string;
let oldNode: string[];

beforeEach(() => {
  checkout = createCheckout();
  launcher = join(checkout.root, 'bin', 'jetmon2');
  // A Node that says it is old takes the path of one that is.
  const disguise = join(checkout.root, 'old-node.cjs');
  writeFileSync(disguise, "Object.defineProperty(process, 'version', { value: 'v8.17.0' });");
  oldNode = ['-r', disguise, launcher];
});
afterEach(() => checkout.remove());

const tell = (line: string) => JSON.parse(line) as Told;

describe('the launcher under a Node new enough', () => {
  it('runs the program in its own process, with the arguments as they were given', async () => {
    const { child, finished } = start([launcher, 'check', 'a b', '--json']);
    const told = tell((await finished).out);
    expect(told.pid).toBe(child.pid);
    expect(told.argv).toEqual(['check', 'a b', '--json']);
  });

  it('keeps compiled code in the checkout', async () => {
    const told = tell((await start([launcher]).finished).out);
    expect(told.cache).toBe(join(checkout.root, 'node_modules', '.cache', 'jetmon2'));
    expect(readdirSync(told.cache ?? '')).not.toEqual([]);
  });

  it('passes on exit codes, and an error thrown while loading is not silent', async () => {
    expect((await start([launcher, 'exit', '5']).finished).code).toBe(5);
    const thrown = await start([launcher, 'throw', 'broken']).finished;
    expect(thrown.code).toBe(1);
    expect(thrown.err).toContain('Error: broken');
  });

  it('works through a link, from another folder and as a program of its own', async () => {
    const links = join(checkout.root, 'elsewhere');
    mkdirSync(links);
    symlinkSync(launcher, join(links, 'jetmon2'));
    const through = await start([join(links, 'jetmon2'), 'x'], { cwd: tmpdir() }).finished;
    expect(tell(through.out).argv).toEqual(['x']);
    const direct = await start(['y'], { cwd: '/', program: launcher }).finished;
    expect(tell(direct.out).argv).toEqual(['y']);
  });
});

describe('the launcher under an old Node', () => {
  it('hands over to the pinned Node', async () => {
    const { child, finished } = start([...oldNode, 'check', 'a b']);
    const told = tell((await finished).out);
    expect(told.ppid).toBe(child.pid);
    expect(told.version).toBe(process.version);
    expect(told.argv).toEqual(['check', 'a b']);
    expect(told.cache).toBe(join(checkout.root, 'node_modules', '.cache', 'jetmon2'));
  });

  it('ends as the program ends, by code or by signal', async () => {
    expect((await start([...oldNode, 'exit', '6']).finished).code).toBe(6);
    expect((await start([...oldNode, 'die', 'SIGTERM']).finished).signal).toBe('SIGTERM');
  });

  it.each([
    ['SIGTERM', 3],
    ['SIGINT', 4],
  ] as const)('hands %s on to the program', async (signal, code) => {
    const { child, finished, firstLine } = start([...oldNode, 'stay']);
    await firstLine;
    child.kill(signal);
    expect((await finished).code).toBe(code);
  });

  it('leaves no orphan when it is killed outright', async () => {
    const { child, firstLine } = start([...oldNode, 'stay']);
    const { pid } = tell(await firstLine);
    child.kill('SIGKILL');
    await expect.poll(() => isAlive(pid), { timeout: 20_000 }).toBe(false);
  });

  it('says plainly what it needs when there is no Node for this platform', async () => {
    rmSync(join(checkout.root, 'node_modules', `node-linux-${process.arch}`), { recursive: true });
    const { code, out, err } = await start(oldNode).finished;
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^jetmon2: needs Node 24 or newer; this is v8\.17\.0 .*\n$/);
  });
});

describe('where compiled code goes when the checkout cannot be written', () => {
  // Root writes anywhere, so the place is taken by a file instead.
  it('is a folder of the user, under XDG_CACHE_HOME or the home folder, and never a shared one', async () => {
    const home = mkdtempSync(join(tmpdir(), 'jetmon2-home-'));
    try {
      writeFileSync(join(checkout.root, 'node_modules', '.cache'), '');
      const env = { HOME: home };
      const told = tell((await start([launcher], { env }).finished).out);
      expect(told.cache).toBe(join(home, '.cache', 'jetmon2', 'compiled'));
      const xdg = join(home, 'xdg');
      const other = tell((await start([launcher], { env: { ...env, XDG_CACHE_HOME: xdg } }).finished).out);
      expect(other.cache).toBe(join(xdg, 'jetmon2', 'compiled'));
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it('is nowhere when the user has no folder either, and the program runs all the same', async () => {
    writeFileSync(join(checkout.root, 'node_modules', '.cache'), '');
    const told = tell((await start([launcher], { env: { HOME: '/dev/null' } }).finished).out);
    expect(told.cache).toBeNull();
  });

  it.runIf(process.getuid?.() === 0)('works for an ordinary user on a checkout that belongs to root', async () => {
    chmodSync(checkout.root, 0o755);
    const { code, out } = await start([launcher, 'exit', '0'], { uid: 65_534, env: { HOME: '/nonexistent' } }).finished;
    expect(code).toBe(0);
    expect(tell(out).cache).toBeNull();
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
