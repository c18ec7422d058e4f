/** `jetmon2 sites import`: watches what another monitor watched. What cannot be carried over is named, monitor by monitor. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { AppError } from '../domain/errors.ts';
import { escapeControl } from '../lib/escape.ts';
import type { Terminal } from './command.ts';
import type { Carried } from './sites-file/carried.ts';
import { carryOut } from './sites-file/carry-out.ts';
import { isCsv, readCsv, readDocument, readRows } from './sites-file/document.ts';
import { fromGatus } from './sites-file/from-gatus.ts';
import { fromUptimeKuma } from './sites-file/from-uptime-kuma.ts';
import { fromUptimeRobot } from './sites-file/from-uptime-robot.ts';
import { minIntervalOf } from './sites-file/limits.ts';
import { planFile } from './sites-file/plan-file.ts';
import { readEntries } from './sites-file/read-entries.ts';
import { withClient } from './with-client.ts';

type Options = { from: string; dryRun?: boolean; json?: boolean };

export function defineImport(command: Command, terminal: Terminal): void {
  command
    .command('import')
    .argument('<file>', 'what the other monitor exported')
    .summary('watch what another monitor watched')
    .requiredOption('--from <source>', Object.keys(SOURCES).join(', '))
    .option('--dry-run', 'say what would be done, and do nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((file: string, options: Options) => importSites(file, options, terminal));
}

const HELP = `
What is watched already stays as it is. An interval below the MIN_CHECK_INTERVAL_SECONDS of the
server is raised to it.

  uptime-kuma   the JSON of Settings > Backup, or a list of monitors
  gatus         its configuration, as YAML or JSON
  uptimerobot   the JSON of its API's getMonitors, or CSV with one line a monitor
  csv           one line a site; the first line names members such as monitor_url and check_interval_seconds

Examples:
  $ jetmon2 sites import kuma.json --from uptime-kuma --dry-run
  $ jetmon2 sites import config.yaml --from gatus --dry-run
  $ jetmon2 sites import monitors.csv --from uptimerobot
`;

type Source = (file: string) => Promise<Carried>;

const SOURCES: Readonly<Record<string, Source>> = {
  csv: async (file) => ({ rows: isCsv(file) ? await readRows(file) : refuseName(file), notes: [] }),
  'uptime-kuma': async (file) => fromUptimeKuma(await readDocument(file)),
  gatus: async (file) => fromGatus(await readDocument(file)),
  uptimerobot: async (file) => fromUptimeRobot(isCsv(file) ? readCsv(file) : await readDocument(file)),
};

async function importSites(file: string, { from, ...options }: Options, terminal: Terminal): Promise<void> {
  const source = Object.hasOwn(SOURCES, from) ? SOURCES[from] : undefined;
  if (source === undefined) {
    throw new AppError('invalid_arguments', `--from "${from}" is not known`, {
      fix: `give one of ${Object.keys(SOURCES).join(', ')}`,
    });
  }
  const { rows, notes } = await source(file);
  await withClient(terminal, async (client, config) => {
    const ownMinSeconds = config.MIN_CHECK_INTERVAL_SECONDS;
    const minSeconds = from === 'csv' ? null : await minIntervalOf(client, ownMinSeconds);
    const raised = minSeconds === null ? rows : rows.map((row) => raiseInterval(row, minSeconds, notes));
    const entries = readEntries(basename(file), raised);
    const imported = { file: basename(file), ownMinSeconds, onlyNew: true, prune: false, rewriteHeaders: false };
    const plan = await planFile(client, entries, imported);
    if (!options.json) for (const note of notes) terminal.out.write(`! ${escapeControl(note)}\n`);
    await carryOut(client, plan, options, terminal, { not_carried_over: notes });
  });
}

function raiseInterval(row: unknown, minSeconds: number, notes: string[]): unknown {
  const { monitor_url, check_interval_seconds: seconds } = row as Record<string, unknown>;
  if (typeof seconds !== 'number' || seconds >= minSeconds) return row;
  notes.push(`${monitor_url}: checked every ${minSeconds} s instead of every ${seconds} s`);
  return { ...(row as object), check_interval_seconds: minSeconds };
}

function refuseName(file: string): never {
  throw new AppError('invalid_arguments', `${file} does not end in .csv`, { fix: 'name it so, or say another --from' });
}
