/** `jetmon2 migrate`: brings the tables of the database up to date, or says how far they are. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { migrateDatabase, type StatusOfDatabase, statusOfDatabase } from '../app/store-tools.ts';
import { escapeControl } from '../lib/escape.ts';
import { createLog } from '../telemetry/log.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { renderTable } from './table.ts';

type Options = { status?: boolean; json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--status', 'list every migration, applied or pending, and change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => (options.status ? status(options, terminal) : migrate(options, terminal)));
}

const HELP = `
\`serve\` does this at its start, too. An embedded file that holds something is copied aside first; the log says where.

Examples:
  $ jetmon2 migrate --status
  $ jetmon2 migrate
`;

async function migrate(options: Options, terminal: Terminal): Promise<void> {
  const { config } = loadConfig(terminal.env);
  const log = createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT, out: terminal.err });
  const { name, applied } = await migrateDatabase(config, log);
  if (options.json) {
    terminal.out.write(jsonLine({ database: name, applied: applied.map(({ id, name }) => ({ id, name })) }));
    return;
  }
  for (const migration of applied) terminal.out.write(`migration ${migration.id} (${migration.name}) is applied\n`);
  terminal.out.write(`${escapeControl(name)} is up to date\n`);
}

async function status(options: Options, terminal: Terminal): Promise<void> {
  const { config } = loadConfig(terminal.env);
  const found = await statusOfDatabase(config);
  terminal.out.write(options.json ? jsonLine(documentOf(found)) : tableOf(found));
}

function documentOf({ name, migrations }: StatusOfDatabase): object {
  return {
    database: name,
    migrations: migrations.map(({ id, name, appliedAtMs }) => ({
      id,
      name,
      known: name !== null,
      applied_at: appliedAtMs === null ? null : instant(appliedAtMs),
    })),
  };
}

function tableOf({ migrations }: StatusOfDatabase): string {
  const rows = migrations.map(({ id, name, appliedAtMs }) => [
    String(id),
    name ?? 'not known to this program',
    appliedAtMs === null ? 'pending' : (instant(appliedAtMs) ?? 'applied'),
  ]);
  return renderTable(['ID', 'NAME', 'APPLIED'], rows);
}

/** Null for a number no calendar holds, as a damaged row may carry. */
function instant(timeMs: number): string | null {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
