/** Commands on a data folder of their own, where no server runs: they speak the API over the data file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import type { CommandModule, Terminal } from '../../src/cli/command.ts';
import { temporaryFolder } from './store.ts';

export type DataFolderCommands = {
  /** What the command printed, on standard error as well. */
  run(module: CommandModule, ...words: string[]): Promise<string>;
  /** What it wrote to standard output alone. */
  output(module: CommandModule, ...words: string[]): Promise<string>;
  /** Writes a file beside the data folder and returns its path. */
  write(name: string, content: string | object): string;
};

export function dataFolderCommands(env: Record<string, string> = {}): DataFolderCommands {
  const folder = temporaryFolder();
  let said = '';
  let put = '';
  const into = (keep: (text: string) => void) =>
    new Writable({
      write(chunk, _encoding, done) {
        keep(String(chunk));
        done();
      },
    }) as unknown as NodeJS.WriteStream;
  const stdin = Readable.from([]);
  const terminal: Terminal = {
    out: into((text) => {
      said += text;
      put += text;
    }),
    err: into((text) => {
      said += text;
    }),
    stdin,
    env: { JETMON_DATA_DIR: join(folder, 'data'), ...env },
    setExitCode() {},
  };
  async function run(module: CommandModule, ...words: string[]): Promise<string> {
    [said, put] = ['', ''];
    const command = new Command('jetmon2').exitOverride();
    module.define(command, terminal);
    await command.parseAsync(words, { from: 'user' });
    return said;
  }
  return {
    run,
    async output(module, ...words) {
      await run(module, ...words);
      return put;
    },
    write(name, content) {
      const file = join(folder, name);
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    },
  };
}
