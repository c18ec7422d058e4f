/** Commands run in this process against a server of the test: what they print, and how they end. */
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import type { CommandModule, Terminal } from '../../src/cli/command.ts';
import { temporaryFolder } from './store.ts';

export type Ran = { out: string; err: string; code: number };

export type CommandOptions = { env?: Record<string, string>; input?: string };

/** Rejects with what the command throws; the program would end with 2 then. Its data folder is its own and empty. */
export async function runCommand(
  module: CommandModule,
  words: readonly string[],
  { env = {}, input = '' }: CommandOptions = {},
): Promise<Ran> {
  const ran: Ran = { out: '', err: '', code: 0 };
  const terminal: Terminal = {
    out: collecting((text) => {
      ran.out += text;
    }),
    err: collecting((text) => {
      ran.err += text;
    }),
    stdin: Readable.from(input === '' ? [] : [Buffer.from(input)]),
    env: { JETMON_DATA_DIR: join(temporaryFolder(), 'data'), ...env },
    setExitCode(code) {
      ran.code = Math.max(ran.code, code);
    },
  };
  const command = new Command('jetmon2').exitOverride().configureOutput({
    writeOut: (text) => terminal.out.write(text),
    outputError() {},
  });
  module.define(command, terminal);
  await command.parseAsync([...words], { from: 'user' });
  return ran;
}

function collecting(add: (text: string) => void): NodeJS.WriteStream {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      add(String(chunk));
      done();
    },
  });
  return stream as unknown as NodeJS.WriteStream;
}
