/** What commander says about wrong usage, as one refusal like all others: one line with the thing, the cause and the fix. */
import type { CommanderError } from 'commander';
import { AppError } from '../domain/errors.ts';

/** `command` is the command that was asked for; null when none was. */
export function usageRefusal(error: Pick<CommanderError, 'message'>, command: string | null): AppError {
  const [cause = '', guess] = error.message.replace(/^error: /, '').split('\n');
  const meant = /^\(Did you mean (?:one of )?(.+)\?\)$/.exec(guess ?? '')?.[1];
  const help = `see \`jetmon2 ${command === null ? '' : `${command} `}--help\``;
  return new AppError('invalid_arguments', cause.replace(/\.$/, ''), {
    fix: meant === undefined ? help : `did you mean ${meant}; ${help}`,
  });
}
