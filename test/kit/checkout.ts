/** A tiny checkout in a temporary folder: our launcher and scripts, a program of a few lines, no dependencies. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROJECT = join(import.meta.dirname, '..', '..');

/** What the tiny program does: tells how it was run, then as its first argument says. */
const PROGRAM = `
const [verb, value] = process.argv.slice(2);
const { pid, ppid, version } = process;
const tell = () => console.log(JSON.stringify({ argv: process.argv.slice(2), pid, ppid, version, cache: process.env.NODE_COMPILE_CACHE ?? null }));
if (verb !== 'stay') tell();
if (verb === 'exit') process.exit(Number(value));
if (verb === 'die') process.kill(pid, value);
if (verb === 'throw') throw new Error(value);
if (verb === 'stay') {
  const { watchLifeline } = await import('./app/lifeline.ts');
  watchLifeline(process.env, () => process.exit(9));
  process.on('SIGTERM', () => process.exit(3));
  process.on('SIGINT', () => process.exit(4));
  setInterval(() => {}, 60_000);
  tell();
}
`;

export type Checkout = { root: string; remove(): void };

/** `installed` false leaves node_modules away, as after a clone. */
export function createCheckout({ installed = true }: { installed?: boolean } = {}): Checkout {
  const root = mkdtempSync(join(tmpdir(), 'jetmon2-checkout-'));
  for (const folder of ['bin', 'scripts']) cpSync(join(PROJECT, folder), join(root, folder), { recursive: true });
  mkdirSync(join(root, 'src', 'app'), { recursive: true });
  cpSync(join(PROJECT, 'src', 'app', 'lifeline.ts'), join(root, 'src', 'app', 'lifeline.ts'));
  writeFileSync(join(root, 'src', 'main.ts'), PROGRAM);
  const manifest = { name: 'tiny', version: '1.0.0', type: 'module' };
  writeFileSync(join(root, 'package.json'), JSON.stringify(manifest));
  const packages = { '': { name: manifest.name, version: manifest.version } };
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ ...manifest, lockfileVersion: 3, requires: true, packages }, null, 2),
  );
  if (installed) markInstalled(root);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

/** What npm leaves behind after installing nothing, plus this process's Node in the place of the pinned one. */
function markInstalled(root: string): void {
  const bin = join(root, 'node_modules', `node-linux-${process.arch}`, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(process.execPath, join(bin, 'node'));
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages: {} }));
}

export type Finished = { code: number | null; signal: NodeJS.Signals | null; out: string; err: string };

/** Starts a Node program and gathers what it says. */
export function start(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; program?: string; uid?: number } = {},
): { child: ChildProcess; finished: Promise<Finished>; firstLine: Promise<string> } {
  const { program = process.execPath, env = {}, ...others } = options;
  const child = spawn(program, args, { ...others, env: { ...bareEnvironment(), ...env } });
  let out = '';
  let err = '';
  child.stdin.end();
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const firstLine = new Promise<string>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (out.includes('\n')) resolve(out.slice(0, out.indexOf('\n')));
    });
  });
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, out, err }));
  });
  return { child, finished, firstLine };
}

function bareEnvironment(): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(kept);
}
