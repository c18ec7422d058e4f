import { Command, CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import type { AppError } from '../domain/errors.ts';
import { usageRefusal } from './usage-refusal.ts';

/** What commander throws for `argv`, turned into a refusal. */
function refusalOf(argv: string[]): AppError {
  const program = new Command('jetmon2').exitOverride().configureOutput({ outputError() {} });
  program.command('add').option('--json').argument('<url>');
  program.command('adds').requiredOption('--name <name>');
  program.command('list').allowExcessArguments(false);
  try {
    program.parse(argv, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return usageRefusal(error, argv[0] ?? null);
    throw error;
  }
  throw new Error('it was not refused');
}

describe('wrong usage', () => {
  it.each([
    [['add', '--jsn', 'x'], "unknown option '--jsn'", 'did you mean --json; see `jetmon2 add --help`'],
    [['addd'], "unknown command 'addd'", 'did you mean add, adds; see `jetmon2 addd --help`'],
    [['add'], "missing required argument 'url'", 'see `jetmon2 add --help`'],
    [['adds'], "required option '--name <name>' not specified", 'see `jetmon2 adds --help`'],
    [
      ['list', 'extra'],
      "too many arguments for 'list'. Expected 0 arguments but got 1: extra",
      'see `jetmon2 list --help`',
    ],
  ])('of %j is one line with the cause, and a fix', (argv, message, fix) => {
    expect(refusalOf(argv)).toMatchObject({ code: 'invalid_arguments', message, fix });
  });

  it('before any command points at the list of commands', () => {
    expect(usageRefusal({ message: "error: unknown option '--x'" }, null).fix).toBe('see `jetmon2 --help`');
  });
});
