/** What a command is: a name, a line about it, and a module that defines it on a commander command. */
import type { Command } from 'commander';

export type CommandEntry = {
  name: string;
  summary: string;
  load(): Promise<CommandModule>;
  /** It runs until it is told to end; then it ends, whoever has not read what it wrote. */
  isServer?: true;
};

export type CommandModule = {
  /** Adds arguments, options, examples and the action. */
  define(command: Command, terminal: Terminal): void;
};

/** Where a command reads and writes; tests hand in their own. */
export type Terminal = {
  out: NodeJS.WriteStream;
  err: NodeJS.WriteStream;
  stdin: NodeJS.ReadableStream;
  env: Readonly<Record<string, string | undefined>>;
  /** The exit code the process ends with; 0 unless a command says otherwise. */
  setExitCode(code: 0 | 1 | 2): void;
};
