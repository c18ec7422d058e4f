/** Commands on a data folder of their own, where no server runs: they speak the API over the data file. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import type { CommandModule, Terminal } from '../../src/cli/command.ts';
import { temporaryFolder } from './store.ts';

export type DataFolderCommands = {
  /** What the command printed. */
  run(module: CommandModule, ...words: string[]): Promise<string>;
  /** Writes a file beside the data folder and returns its path. */
  write(name: string, content: string | object): string;
};

export function dataFolderCommands(env: Record<string, string> = {}): DataFolderCommands {
  const folder = temporaryFolder();
  let said = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      said += String(chunk);
      done();
    },
  }) as unknown as NodeJS.WriteStream;
  const stdin = Readable.from([]);
  const terminal: Terminal = {
    out,
    err: out,
    stdin,
    env: { JETMON_DATA_DIR: join(folder, 'data'), ...env },
    setExitCode() {},
  };
  return {
    async run(module, ...words) {
      said = '';
      const command = new Command('jetmon2').exitOverride();
      module.define(command, terminal);
      await command.parseAsync(words, { from: 'user' });
      return said;
    },
    write(name, content) {
      const file = join(folder, name);
      writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    },
  };
}
