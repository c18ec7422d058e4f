/** `jetmon2 replay --verify`: whether the event rows and what is derived from them are what the log says. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { replayDatabase } from '../app/store-tools.ts';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { escapeControl } from '../lib/escape.ts';
import type { Replayed } from '../store/replay.ts';
import type { Difference } from '../store/replay-fold.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { createProgress } from './progress.ts';
import { renderTable } from './table.ts';

type Options = { verify?: boolean; limitDifferences: string; json?: boolean };

const MAX_SHOWN = 10_000;

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--verify', 'compare and change nothing; the only thing it can do')
    .option('--limit-differences <n>', 'differences that are shown; all are counted', '20')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
All transitions are folded in one snapshot, and the server may run meanwhile.
A drift is a site whose state is another than the log says, because another program paused or resumed it, or took it out
of the registry. It is no difference.
Exit codes: 0 no difference, 1 at least one, 2 wrong usage, or it cannot be looked at.

Examples:
  $ jetmon2 replay --verify
  $ jetmon2 replay --verify --limit-differences 100 --json
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  if (options.verify !== true) {
    throw new AppError('invalid_arguments', '`replay` is not told what to do', {
      fix: 'say `jetmon2 replay --verify`',
    });
  }
  const limitDifferences = limitIn(options.limitDifferences);
  const { config } = loadConfig(terminal.env);
  const progress = createProgress(terminal, systemClock);
  const startedAtMs = systemClock.monotonicMs();
  const replayed = await replayDatabase(config, {
    limitDifferences,
    onProgress: ({ events, transitions }) => progress(() => `${transitions} transitions of ${events} events folded`),
  });
  const durationMs = Math.round(systemClock.monotonicMs() - startedAtMs);
  if (replayed.differenceCount > 0) terminal.setExitCode(1);
  terminal.out.write(options.json ? jsonLine(documentOf(replayed, durationMs)) : textOf(replayed, durationMs));
}

/** Throws `invalid_arguments`. */
function limitIn(text: string): number {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_SHOWN) return limit;
  throw new AppError('invalid_arguments', `--limit-differences "${text}" is not a number from 1 to ${MAX_SHOWN}`, {
    fix: 'give a whole number',
  });
}

function documentOf(replayed: Replayed, durationMs: number): object {
  return {
    events: replayed.events,
    transitions: replayed.transitions,
    endpoints: replayed.endpoints,
    sites: replayed.sites,
    difference_count: replayed.differenceCount,
    differences: replayed.differences.map(rowOf),
    drift_count: replayed.driftCount,
    drifts: replayed.drifts.map(rowOf),
    duration_ms: durationMs,
  };
}

function rowOf({ eventId, ...difference }: Difference): object {
  return { ...difference, event_id: eventId };
}

function textOf(replayed: Replayed, durationMs: number): string {
  const { differences, differenceCount, drifts, driftCount } = replayed;
  const rows = [
    ...differences.map((one) => cellsOf(one, one.kind === 'unreadable' ? 'unreadable' : null)),
    ...drifts.map((one) => cellsOf(one, 'drift')),
  ];
  const table = rows.length === 0 ? '' : renderTable(['EVENT', 'ROW', 'COLUMN', 'FOLDED', 'STORED'], rows);
  const left = differenceCount + driftCount - rows.length;
  const more = left > 0 ? `... and ${left} more\n` : '';
  const seen = `${replayed.transitions} transitions of ${replayed.events} events`;
  const found = counted(differenceCount, 'difference') + (driftCount === 0 ? '' : `, ${counted(driftCount, 'drift')}`);
  return `${table}${more}${seen}: ${found} (${durationMs} ms)\n`;
}

function cellsOf({ eventId, row, id, column, folded, stored }: Difference, note: string | null): string[] {
  const what = note === null ? column : `${column} (${note})`;
  return [eventId ?? '-', `${row} ${id}`, what, folded ?? 'null', stored ?? 'null'].map(escapeControl);
}

function counted(count: number, thing: string): string {
  return `${count} ${count === 1 ? thing : `${thing}s`}`;
}
