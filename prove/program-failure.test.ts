import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { programFailure } from './program-failure.ts';

const run = promisify(execFile);

/** What is said of a program that runs this code. */
async function saidOf(code: string, timeout = 20_000): Promise<string> {
  return run(process.execPath, ['-e', code], { timeout }).then(() => 'it did not fail', programFailure);
}

describe('why a program failed', () => {
  it('is in the last of its lines that tell of a failure, and in its closing line', async () => {
    const said = await saidOf(`
      console.error('npm error Lifecycle script failed');
      for (let n = 1; n <= 9; n += 1) console.log(' \\u001b[31mFAIL\\u001b[39m one.test.ts > number ' + n);
      console.log('AssertionError: expected 1 to be 2');
      for (let n = 0; n < 50; n += 1) console.log('fine ' + n);
      console.log('7 passed, 9 failed');
      process.exitCode = 3;`);
    const tests = [5, 6, 7, 8, 9].map((n) => `FAIL one.test.ts > number ${n}`);
    expect(said).toBe(
      ['exit code 3', ...tests, 'AssertionError: expected 1 to be 2', '7 passed, 9 failed'].join(' / '),
    );
  });

  it('is in its last lines when none tells of a failure, and bounded', async () => {
    const said = await saidOf("console.log('x'.repeat(10_000)); console.log('last'); process.exitCode = 1");
    expect(said).toBe(`exit code 1 / ${'x'.repeat(200)} / last`);
  });

  it('is its end when it was killed, and what stood in the way when it was not started', async () => {
    expect(await saidOf('setInterval(() => {}, 1_000)', 500)).toBe('killed by SIGTERM');
    expect(await run('/nowhere/npm').catch(programFailure)).toContain('/nowhere/npm');
  });
});
