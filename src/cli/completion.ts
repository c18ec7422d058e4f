/** `jetmon2 completion`: prints a script for a shell, made of the commands as they are. */
import { Argument, type Command } from 'commander';
import { AppError } from '../domain/errors.ts';
import type { Terminal } from './command.ts';
import { bashScript } from './completion/bash.ts';
import { fishScript } from './completion/fish.ts';
import { type Completable, treeOf } from './completion/tree.ts';
import { zshScript } from './completion/zsh.ts';
import { loadWhole } from './lazy-command.ts';

const SCRIPTS: Readonly<Record<string, (name: string, tree: readonly Completable[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

const NAME = 'jetmon2';

export function define(command: Command, terminal: Terminal): void {
  const shells = Object.keys(SCRIPTS);
  command
    // The refusal of another one is ours, with a fix.
    .addArgument(new Argument('<shell>', 'which shell').choices(shells).argParser((shell: string) => shell))
    .addHelpText('after', HELP)
    .action(async (shell: string) => {
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script === undefined) {
        throw new AppError('invalid_arguments', `there is no completion for "${shell}"`, {
          fix: `name one of ${shells.join(', ')}`,
        });
      }
      const program = command.parent ?? command;
      await loadWhole(program);
      terminal.out.write(script(NAME, treeOf(program)));
    });
}

const HELP = `
The script knows all commands, options and their words by itself. After an update make it anew.

Install it for bash, zsh (its folder stands in $fpath) or fish:
  $ jetmon2 completion bash > ~/.local/share/bash-completion/completions/jetmon2
  $ jetmon2 completion zsh > ~/.zfunc/_jetmon2
  $ jetmon2 completion fish > ~/.config/fish/completions/jetmon2.fish

Or for one session of bash:
  $ source <(jetmon2 completion bash)
`;
