import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { start } from '../kit/checkout.ts';

const RUNNER = join(import.meta.dirname, '..', '..', 'scripts', 'run-tests.ts');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jetmon2-closing-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs the given test files and returns the exit code and the last lines, the closing one last. */
async function run(files: Record<string, string>, ...args: string[]) {
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {};');
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { code, out } = await start([RUNNER, '--root', folder, '--globals', ...args]).finished;
  return { code, lines: out.trimEnd().split('\n') };
}

const PASSING = "it('works', () => {});";

it('counts what passed', async () => {
  const { code, lines } = await run({ 'a.test.js': PASSING + PASSING });
  expect(lines.at(-1)).toBe('2 passed, 0 failed');
  expect(code).toBe(0);
});

it('counts what failed, and a file that does not load as one failure', async () => {
  const { code, lines } = await run({
    'a.test.js': PASSING,
    'b.test.js': "it('fails', () => expect(1).toBe(2));",
    'c.test.js': "throw new Error('no');",
  });
  expect(lines.at(-1)).toBe('1 passed, 2 failed');
  expect(code).toBe(1);
});

it('counts a suite whose set-up fails', async () => {
  const text = "describe('s', () => { beforeAll(() => { throw new Error('no'); }); it('is left', () => {}); });";
  const { code, lines } = await run({ 'a.test.js': PASSING + text });
  expect(lines.at(-1)).toMatch(/^1 passed, 1 failed/);
  expect(code).toBe(1);
});

it('counts an error outside any test', async () => {
  const { code, lines } = await run({
    'a.test.js': "it('works', () => { void Promise.reject(new Error('stray')); });",
  });
  expect(lines.at(-1)).toBe('1 passed, 1 failed');
  expect(code).toBe(1);
});

it('names skipped suites above the line', async () => {
  const text = "describe.skip('far', () => { it('a', () => {}); describe('inner', () => { it('b', () => {}); }); });";
  const { code, lines } = await run({ 'a.test.js': PASSING + text });
  expect(lines.slice(-2)).toEqual(['skipped: a.test.js > far (2 tests)', '1 passed, 0 failed, 2 skipped']);
  expect(code).toBe(0);
});

it('fails when no test ran', async () => {
  const { code, lines } = await run({});
  expect(lines.slice(-2)).toEqual(['No test ran.', '0 passed, 0 failed']);
  expect(code).toBe(1);
});

it('fails when everything was skipped', async () => {
  const { code, lines } = await run({ 'a.test.js': "it.skip('later', () => {});" });
  expect(lines.at(-1)).toBe('0 passed, 0 failed, 1 skipped');
  expect(code).toBe(1);
});

it('fails when vitest does not start', async () => {
  const { code, lines } = await run({ 'a.test.js': PASSING }, '--no-such-option');
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
  expect(code).toBe(1);
});
