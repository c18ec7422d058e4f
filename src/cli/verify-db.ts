/** `jetmon2 verify-db`: whether a database, or a backup of one, is whole and agrees with itself. */
import { styleText } from 'node:util';
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { verifyDatabase } from '../app/store-tools.ts';
import { systemClock } from '../lib/clock.ts';
import { escapeControl } from '../lib/escape.ts';
import type { CheckedPoint } from '../store/verify.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { createProgress } from './progress.ts';

type Options = { json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .argument('[file]', 'a backup; the database of the configuration when none is given')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((file: string | undefined, options: Options) => run(file ?? null, options, terminal));
}

const HELP = `
Nothing is changed, and the server may run meanwhile.
Exit codes: 0 all is well, 1 something is wrong, 2 wrong usage, or it cannot be looked at.

Examples:
  $ jetmon2 verify-db
  $ jetmon2 verify-db /var/backups/jetmon-monday.db
`;

async function run(file: string | null, options: Options, terminal: Terminal): Promise<void> {
  const { config } = loadConfig(terminal.env);
  const points: CheckedPoint[] = [];
  const progress = createProgress(terminal, systemClock);
  await verifyDatabase(config, file, (point) => {
    points.push(point);
    if (options.json) progress(() => `${points.length} checks done`);
    if (point.outcome === 'failed') terminal.setExitCode(1);
    if (!options.json) terminal.out.write(`${lineOf(point)}\n`);
  });
  const failed = points.filter(({ outcome }) => outcome === 'failed').length;
  terminal.out.write(
    options.json
      ? jsonLine({ ok: failed === 0, checks: points })
      : `${failed === 0 ? 'all is well' : `${failed} of ${points.length} checks failed`}\n`,
  );
}

const WORDS = {
  ok: () => styleText('green', 'ok'),
  failed: () => styleText('red', 'FAILED'),
  skipped: () => styleText('dim', 'skipped'),
};

function lineOf({ id, name, outcome, found }: CheckedPoint): string {
  return `${id}: ${name}: ${WORDS[outcome]()}${found === null ? '' : ` (${escapeControl(found)})`}`;
}
