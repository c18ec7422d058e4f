import { Writable } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../test/kit/store.ts';
import { AppError } from '../domain/errors.ts';
import { define } from './check.ts';
import type { Terminal } from './command.ts';

const CANARY = 'canary-e0b5';

/** What the command refuses before it probes anything. */
async function refusalOf(words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<AppError> {
  let said = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      said += String(chunk);
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const own = { JETMON_DATA_DIR: temporaryFolder(), ...env };
  const terminal: Terminal = { out, err: out, stdin: process.stdin, env: own, setExitCode() {} };
  const command = new Command('check').exitOverride();
  define(command, terminal);
  const refused = await command.parseAsync(words, { from: 'user' }).then(
    () => new Error('it was not refused'),
    (error: unknown) => error,
  );
  expect(said).toBe('');
  if (!(refused instanceof AppError)) throw refused;
  return refused;
}

describe('check', () => {
  it.each([
    [['--method', 'POST'], '--method: "POST" is not one of HEAD, GET'],
    [['--expected-status', '2xx'], '--expected-status: "2xx" is not valid: write statuses such as 200-299,401'],
    [['--timeout', '0'], '--timeout 0 is not a span between 1s and 255s'],
    [
      ['--method', 'head', '--keyword', 'x'],
      '--keyword would have no effect on a probe with HEAD and the profile full',
    ],
  ])('refuses %j by the name of the option, and probes nothing', async (words, message) => {
    expect(await refusalOf(['192.0.2.1', ...words])).toMatchObject({ code: 'invalid_arguments', message });
  });

  it('refuses a rule that the configuration leaves without effect', async () => {
    const refused = await refusalOf(['192.0.2.1', '--forbid', 'x'], { DEFAULT_DETECTION_PROFILE: 'legacy' });
    expect(refused.message).toBe('--forbid would have no effect on a probe with GET and the profile legacy');
  });

  it('never repeats the value of a header it refuses', async () => {
    const refused = await refusalOf(['192.0.2.1', '--header', `Host: ${CANARY}`]);
    expect(refused.message).toContain('header Host');
    expect(JSON.stringify([refused.message, refused.fix, refused.details])).not.toContain(CANARY);
  });

  it('refuses to check nothing', async () => {
    expect((await refusalOf(['--http2'])).message).toBe('there is no URL to check');
  });
});
