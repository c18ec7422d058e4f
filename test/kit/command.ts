/** One command of the program inside the test's own process: what it wrote, what it threw, how it would have ended. */
import { Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import type { CommandModule, Terminal } from '../../src/cli/command.ts';

export type Told = {
  out: string;
  err: string;
  exitCode: number;
  /** Its standard output as one document. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents freely
  document(): any;
};

/** Rejects with what the command throws, which the program would say and end with 2. */
export async function runCommand(
  { define }: CommandModule,
  words: readonly string[],
  { env = {}, input = '' }: { env?: Record<string, string>; input?: string } = {},
): Promise<Told> {
  const told = { out: '', err: '', exitCode: 0 };
  const into = (name: 'out' | 'err') =>
    new Writable({
      write(chunk, _encoding, done) {
        told[name] += String(chunk);
        done();
      },
    }) as unknown as NodeJS.WriteStream;
  const terminal: Terminal = {
    out: into('out'),
    err: into('err'),
    stdin: Readable.from([input]),
    env,
    setExitCode(code) {
      told.exitCode = Math.max(told.exitCode, code);
    },
  };
  const command = new Command('it').exitOverride().configureOutput({ outputError() {} });
  define(command, terminal);
  await command.parseAsync([...words], { from: 'user' });
  return { ...told, document: () => JSON.parse(told.out) };
}
