/** A command below another one that is loaded only when it is run, or when all that there is has to be known. */
import type { Command } from 'commander';
import type { CommandEntry, Terminal } from './command.ts';

const LOADERS = new WeakMap<Command, () => Promise<void>>();

export function addLazily(
  parent: Command,
  { name, summary, load }: Pick<CommandEntry, 'name' | 'summary' | 'load'>,
  terminal: Terminal,
): Command {
  const command = parent.command(name).summary(summary).description(summary);
  let loaded: Promise<void> | null = null;
  const loadOnce = () => {
    loaded ??= load().then((module) => module.define(command, terminal));
    return loaded;
  };
  LOADERS.set(command, loadOnce);
  parent.hook('preSubcommand', (_, wanted) => (wanted === command ? loadOnce() : undefined));
  return command;
}

export async function loadCommand(command: Command): Promise<void> {
  await LOADERS.get(command)?.();
}

/** Loads what is still missing of a command and all below it. */
export async function loadWhole(command: Command): Promise<void> {
  await loadCommand(command);
  for (const below of command.commands) await loadWhole(below);
}
