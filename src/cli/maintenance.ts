/** `jetmon2 maintenance`: when sites may fail without an event. Speaks the API, as `jetmon2 sites` does. */
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { Client } from '../client/client.ts';
import {
  listMaintenance,
  type MaintenanceWindow,
  planMaintenance,
  planSiteMaintenance,
  removeMaintenance,
  startMaintenance,
  stopMaintenance,
} from '../contracts/maintenance.ts';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { formatSeconds } from '../lib/duration.ts';
import { escapeControl } from '../lib/escape.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { minutesIn, type TimingOptions, timingIn } from './maintenance-options.ts';
import { renderTable } from './table.ts';
import { siteIdIn, withClient } from './with-client.ts';

type JsonOption = { json?: boolean };
type StartOptions = JsonOption & { for?: string; note?: string };
type ListOptions = JsonOption & { site?: string; status?: string };
type AddOptions = JsonOption & TimingOptions & { all?: boolean; endpoint?: string; title?: string };

export function define(command: Command, terminal: Terminal): void {
  command.addHelpText('after', HELP);
  command
    .command('start')
    .argument('<site>', 'the number of the site')
    .summary('begin maintenance of a site now, for a while')
    .option('--for <span>', 'how long at most, up to a day', '1h')
    .option('--note <text>', 'what for')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 maintenance start 3 --for 30m --note "release 42"\n')
    .action((site: string, options: StartOptions) => start(site, options, terminal));
  command
    .command('stop')
    .argument('<site>', 'the number of the site')
    .summary('end the maintenance of a site that is on')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 maintenance stop 3\n')
    .action((site: string, options: JsonOption) => stop(site, options, terminal));
  command
    .command('list')
    .summary('list maintenance windows')
    .option('--site <id>', 'only those for this site')
    .option('--status <status>', 'only those that are active, upcoming or over')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 maintenance list --status active\n')
    .action((options: ListOptions) => list(options, terminal));
  defineAdd(command, terminal);
  command
    .command('remove')
    .argument('<window>', 'the number of the window')
    .summary('take a maintenance window back; what it covered stays covered')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 maintenance remove 7\n')
    .action((window: string, options: JsonOption) => remove(window, options, terminal));
}

function defineAdd(command: Command, terminal: Terminal): void {
  command
    .command('add')
    .argument('[site...]', 'the numbers of the sites')
    .summary('plan maintenance, once or again and again')
    .option('--all', 'for all sites, those that are added later among them')
    .option('--from <when>', 'when it begins, or from which day on it comes; now when left out')
    .option('--to <when>', 'when it ends')
    .option('--for <span>', 'how long it lasts')
    .option('--every <unit>', 'again and again: day, week, month, or such as "2 weeks"')
    .option('--on <days>', 'on which days of the week, such as mon,thu, or on which day of the month')
    .option('--at <time>', 'at what time of the day, such as 02:00')
    .option('--until <when>', 'until when it comes again')
    .option('--zone <name>', 'by the clocks of which place', 'UTC')
    .option('--endpoint <id>', 'only for this endpoint of the site')
    .option('--title <text>', 'what for')
    .option('--json', 'print one JSON document')
    .addHelpText('after', ADD_HELP)
    .action((sites: string[], options: AddOptions) => add(sites, options, terminal));
}

const HELP = `
Examples:
  $ jetmon2 maintenance start 3 --for 30m && ./deploy.sh && jetmon2 maintenance stop 3
  $ jetmon2 maintenance add 3 --every week --on mon,tue --at 02:00 --for 1h --zone Europe/Berlin
  $ jetmon2 maintenance list
`;

const ADD_HELP = `
Times are instants such as 2026-05-01T22:00:00Z, or 2026-05-01T22:00 by the clocks of --zone.

Examples:
  $ jetmon2 maintenance add 3 --from 2026-05-01T22:00 --to 2026-05-02T01:00 --zone Europe/Berlin
  $ jetmon2 maintenance add 3 4 --every week --on mon,tue --at 02:00 --for 1h --zone Europe/Berlin
  $ jetmon2 maintenance add --all --every month --on 1 --at 03:30 --for 2h --until 2027-01-01
`;

async function start(site: string, options: StartOptions, terminal: Terminal): Promise<void> {
  const site_id = siteIdIn(site);
  const body = {
    duration_minutes: minutesIn('--for', options.for ?? '1h'),
    ...(options.note === undefined ? {} : { note: options.note }),
  };
  await withClient(terminal, async (client) => {
    const window = await client.call(startMaintenance, { params: { site_id }, body });
    const words = `site ${site_id} is in maintenance until ${window.next_end ?? window.end}\n`;
    terminal.out.write(options.json ? jsonLine(window) : words);
  });
}

async function stop(site: string, options: JsonOption, terminal: Terminal): Promise<void> {
  const site_id = siteIdIn(site);
  await withClient(terminal, async (client) => {
    const stopped = await client.call(stopMaintenance, { params: { site_id }, body: {} });
    const goesOn = stopped.is_active ? '; a window for more than this site is still on' : '';
    const words = `maintenance of site ${site_id} is stopped${goesOn}\n`;
    terminal.out.write(options.json ? jsonLine(stopped) : words);
  });
}

async function add(words: string[], options: AddOptions, terminal: Terminal): Promise<void> {
  const [first, ...others] = words.map(siteIdIn);
  if ((first === undefined) !== (options.all === true)) {
    throw new AppError('invalid_arguments', 'it is not clear for which sites', { fix: 'name them, or give --all' });
  }
  const title = options.title === undefined ? {} : { title: options.title };
  const body = { ...timingIn(options, systemClock.nowMs()), ...title };
  const { endpoint } = options;
  if (endpoint !== undefined && others.length > 0) {
    throw new AppError('invalid_arguments', '--endpoint is of one site', { fix: 'name one site' });
  }
  await withClient(terminal, async (client) => {
    const made = await plan(client, first, others, body, endpoint);
    if (options.json) terminal.out.write(jsonLine({ data: made }));
    else for (const window of made) terminal.out.write(`window ${window.id}: ${whose(window)}, ${when(window)}\n`);
  });
}

async function plan(
  client: Client,
  first: bigint | undefined,
  others: readonly bigint[],
  body: ReturnType<typeof timingIn>,
  endpoint: string | undefined,
): Promise<MaintenanceWindow[]> {
  if (first !== undefined && others.length === 0) {
    const of = endpoint === undefined ? {} : { endpoint_id: siteIdIn(endpoint) };
    return [await client.call(planSiteMaintenance, { params: { site_id: first }, body: { ...body, ...of } })];
  }
  const sites = first === undefined ? { all_sites: true as const } : { site_ids: [first, ...others] };
  return (await client.call(planMaintenance, { body: { ...body, ...sites } })).data;
}

async function remove(text: string, options: JsonOption, terminal: Terminal): Promise<void> {
  if (!/^[1-9]\d{0,18}$/.test(text)) {
    throw new AppError('invalid_arguments', `"${text}" is not the number of a window`, {
      fix: 'see `jetmon2 maintenance list`',
    });
  }
  const window_id = BigInt(text);
  await withClient(terminal, async (client) => {
    await client.call(removeMaintenance, { params: { window_id } });
    terminal.out.write(options.json ? jsonLine({ window_id, result: 'remove' }) : `window ${window_id} is removed\n`);
  });
}

const STATUSES = ['active', 'upcoming', 'over'] as const;

async function list(options: ListOptions, terminal: Terminal): Promise<void> {
  const status = STATUSES.find((known) => known === options.status);
  if (options.status !== undefined && status === undefined) {
    throw new AppError('invalid_arguments', `--status ${options.status} is not known`, {
      fix: `use ${STATUSES.join(', ')}`,
    });
  }
  const site = options.site === undefined ? {} : { site_id: String(siteIdIn(options.site)) };
  const query = { ...site, ...(status === undefined ? {} : { status }), limit: 200 };
  await withClient(terminal, async (client) => {
    const windows: MaintenanceWindow[] = [];
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await client.call(listMaintenance, { query: cursor === undefined ? query : { ...query, cursor } });
      windows.push(...page.data);
      cursor = page.page.next;
    }
    if (options.json) terminal.out.write(jsonLine({ data: windows }));
    else show(windows, terminal);
  });
}

function show(windows: readonly MaintenanceWindow[], terminal: Terminal): void {
  if (windows.length === 0) {
    terminal.out.write('No maintenance is planned. Plan some with `jetmon2 maintenance add`.\n');
    return;
  }
  const rows = windows.map((window) => [
    String(window.id),
    window.site_id === null ? 'all' : String(window.site_id),
    window.is_active ? styleText('yellow', 'on') : window.next_start === null ? styleText('dim', 'over') : 'to come',
    window.next_start ?? window.start,
    window.next_end ?? window.ended_at ?? window.end ?? '',
    oftenOf(window),
    escapeControl(window.title ?? ''),
  ]);
  terminal.out.write(renderTable(['WINDOW', 'SITE', 'STATE', 'FROM', 'TO', 'EVERY', 'TITLE'], rows));
}

function whose({ site_id, endpoint_id }: MaintenanceWindow): string {
  const endpoint = endpoint_id === null ? '' : `, endpoint ${endpoint_id}`;
  return site_id === null ? 'all sites' : `site ${site_id}${endpoint}`;
}

function when(window: MaintenanceWindow): string {
  const often = oftenOf(window);
  return `${often === '' ? '' : `every ${often}, `}${window.is_active ? 'on' : 'next'} from ${window.next_start} to ${window.next_end}`;
}

const UNITS = { daily: 'day', weekly: 'week', monthly: 'month' } as const;

function oftenOf({ recurrence, local_start, time_zone, duration_seconds }: MaintenanceWindow): string {
  if (recurrence === null) return '';
  const { frequency, interval, days, day_of_month } = recurrence;
  const often = interval === 1 ? UNITS[frequency] : `${interval} ${UNITS[frequency]}s`;
  const on = days?.join(',') ?? day_of_month;
  const at = `${local_start.slice(11, 16)} ${escapeControl(time_zone)}`;
  return `${often}${on === undefined ? '' : ` on ${on}`} at ${at} for ${formatSeconds(duration_seconds)}`;
}
