/** `jetmon2 sites`: what is watched. Speaks the API to the running server, or to the data file when none runs. */
import { styleText } from 'node:util';
import type { Command } from 'commander';
import type { Client } from '../client/client.ts';
import type { WatchedUrl } from '../client/watch-url.ts';
import type { Site, UpdateSite } from '../contracts/sites.ts';
import { AppError } from '../domain/errors.ts';
import { severityOf } from '../domain/state.ts';
import { formatSeconds } from '../lib/duration.ts';
import { escapeControl } from '../lib/escape.ts';
import { parseTypedUrl } from '../services/site-url.ts';
import type { Terminal } from './command.ts';
import { parseEvery } from './interval-option.ts';
import { jsonLine } from './json-line.ts';
import {
  addProbeOptions,
  addResetOption,
  type ProbeOptions,
  probeSettingsOf,
  type ResetOption,
  resetSettingsOf,
} from './probe-options.ts';
import { defineExport } from './sites-export.ts';
import { defineImport } from './sites-import.ts';
import { readLines } from './stdin.ts';
import { renderTable } from './table.ts';
import { watchedWords } from './watched-words.ts';
import { siteIdIn, withClient } from './with-client.ts';

type AddOptions = ProbeOptions & { every: string; stdin?: boolean; json?: boolean };
type UpdateOptions = ProbeOptions & ResetOption & { every?: string; json?: boolean };
type JsonOption = { json?: boolean };

const MAX_ADDED = 10_000;

export function define(command: Command, terminal: Terminal): void {
  command.addHelpText('after', HELP);
  defineAdd(command, terminal);
  defineUpdate(command, terminal);
  defineExport(command, terminal);
  defineImport(command, terminal);
  command
    .command('list')
    .summary('list watched sites with their state')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 sites list\n')
    .action((options: JsonOption) => withClient(terminal, (client) => list(client, options, terminal)));
  for (const verb of VERBS) {
    command
      .command(verb.name)
      .argument('<id>', 'the number of the site')
      .summary(verb.summary)
      .option('--json', 'print one JSON document')
      .addHelpText('after', `\nExample:\n  $ jetmon2 sites ${verb.name} 3\n`)
      .action((id: string, options: JsonOption) => {
        const siteId = siteIdIn(id);
        return withClient(terminal, (client) => change(client, verb, siteId, options, terminal));
      });
  }
}

function defineAdd(command: Command, terminal: Terminal): void {
  const add = command
    .command('add')
    .argument('[url...]', 'what to watch; https:// is added when no scheme is given')
    .summary('watch URLs')
    .option('--every <span>', 'interval between checks', '1m')
    .option('--stdin', 'read more URLs from standard input, one a line');
  addProbeOptions(add)
    .option('--json', 'print one JSON document a line, one per URL')
    .addHelpText('after', ADD_HELP)
    .action((urls: string[], options: AddOptions) => addUrls(urls, options, terminal));
}

function defineUpdate(command: Command, terminal: Terminal): void {
  const update = command
    .command('update')
    .argument('<id>', 'the number of the site')
    .summary('change how a site is checked; what is not named stays as it is')
    .option('--every <span>', 'interval between checks');
  addResetOption(addProbeOptions(update))
    .option('--json', 'print one JSON document')
    .addHelpText('after', UPDATE_HELP)
    .action((id: string, options: UpdateOptions) => {
      const siteId = siteIdIn(id);
      const changes = changesIn(options);
      return withClient(terminal, (client) => change(client, updateTo(changes), siteId, options, terminal));
    });
}

const HELP = `
Examples:
  $ jetmon2 sites add example.com
  $ jetmon2 sites list
  $ jetmon2 sites pause 3
`;

const ADD_HELP = `
Examples:
  $ jetmon2 sites add example.com https://example.org/shop --every 5m
  $ jetmon2 sites add example.com --keyword Welcome --forbid 'Fatal error'
  $ jetmon2 sites add https://example.com/private --header-file secrets.txt --expected-status 200,401
`;

const UPDATE_HELP = `
Examples:
  $ jetmon2 sites update 3 --every 5m --redirects fail
  $ jetmon2 sites update 3 --reset keyword --reset header
`;

type Verb = { name: string; done: string; run(client: Client, id: bigint): Promise<unknown> };

const VERBS: readonly (Verb & { summary: string })[] = [
  {
    name: 'pause',
    summary: 'stop checking a site for now',
    done: 'paused',
    run: (client, id) => client.sites.update(id, { monitor_active: false }),
  },
  {
    name: 'resume',
    summary: 'check a paused or removed site again',
    done: 'watched again',
    run: (client, id) => client.sites.update(id, { monitor_active: true }),
  },
  {
    name: 'remove',
    summary: 'stop watching a site; its history is kept',
    done: 'removed',
    run: (client, id) => client.sites.remove(id),
  },
];

async function addUrls(words: string[], options: AddOptions, terminal: Terminal): Promise<void> {
  const listed = options.stdin ? [...words, ...(await readLines(terminal.stdin, MAX_ADDED))] : words;
  if (listed.length === 0) {
    throw new AppError('invalid_arguments', 'there is no URL to watch', {
      fix: 'give one, as in `jetmon2 sites add example.com`',
    });
  }
  const urls = listed.map(parseTypedUrl);
  const intervalSeconds = parseEvery(options.every);
  const settings = probeSettingsOf(options);
  await withClient(terminal, async (client) => {
    for (const url of urls) {
      const watched = await client.sites.watch({ url, intervalSeconds, settings });
      const kept = Object.keys(settings).length > 0 && keepsSettings(watched);
      const document = { url, site_id: watched.siteId, result: watched.outcome, ...(kept ? { settings: 'kept' } : {}) };
      const words = addedWords(url, watched, intervalSeconds) + (kept ? keptWords(watched) : '');
      terminal.out.write(options.json ? jsonLine(document) : `${words}\n`);
    }
  });
}

/** A site that is there keeps what it has: adding says that it is watched, not how. */
function keepsSettings(watched: WatchedUrl): boolean {
  return watched.outcome === 'exists' || (watched.outcome === 'resumed' && watched.was === 'paused');
}

function addedWords(url: string, watched: WatchedUrl, intervalSeconds: number): string {
  const interval = watched.outcome === 'created' ? `, checked every ${formatSeconds(intervalSeconds)}` : '';
  return `${escapeControl(url)} is ${watchedWords(watched)}${interval}`;
}

function keptWords({ siteId }: WatchedUrl): string {
  return `; its settings are as they were, change them with \`jetmon2 sites update ${siteId}\``;
}

/** Throws `invalid_arguments`. */
function changesIn(options: UpdateOptions): UpdateSite {
  const every = options.every === undefined ? {} : { check_interval_seconds: parseEvery(options.every) };
  const changes = { ...every, ...resetSettingsOf(options), ...probeSettingsOf(options) };
  if (Object.keys(changes).length > 0) return changes;
  throw new AppError('invalid_arguments', 'there is nothing to change', {
    fix: 'name what, as in `jetmon2 sites update 3 --every 5m`',
  });
}

function updateTo(changes: UpdateSite): Verb {
  return { name: 'update', done: 'changed', run: (client, id) => client.sites.update(id, changes) };
}

async function list(client: Client, options: JsonOption, terminal: Terminal): Promise<void> {
  const sites: Site[] = [];
  for await (const site of client.sites.list({ removed: 'false' })) sites.push(site);
  if (options.json) {
    terminal.out.write(jsonLine({ data: sites }));
    return;
  }
  if (sites.length === 0) {
    terminal.out.write('No site is watched yet. Add one with `jetmon2 sites add <url>`.\n');
    return;
  }
  const unverified = await unverifiedIn(client, sites);
  const rows = sites.flatMap((site) =>
    site.endpoints.map((endpoint) => [
      String(site.id),
      coloured(endpoint.current_state) + (unverified.has(String(endpoint.endpoint_id)) ? ', unverified' : ''),
      escapeControl(endpoint.monitor_url),
      formatSeconds(endpoint.check_interval_seconds),
      endpoint.latest === null ? 'not checked yet' : escapeControl(endpoint.latest.summary),
    ]),
  );
  terminal.out.write(renderTable(['SITE', 'STATE', 'URL', 'EVERY', 'LATEST'], rows));
}

/** Endpoints whose open failure too few verifiers could speak to; asked for only where there can be one. */
async function unverifiedIn(client: Client, sites: readonly Site[]): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  const waiting = sites.some(({ endpoints }) => endpoints.some(({ current_state }) => current_state === 'Seems Down'));
  if (!waiting) return found;
  for await (const event of client.events.list({ active: 'true', state: 'Seems Down' })) {
    if (event.verification?.outcome === 'unverified') found.add(String(event.endpoint_id));
  }
  return found;
}

function coloured(state: Site['current_state']): string {
  const severity = severityOf(state);
  if (severity === 0) return styleText(state === 'Up' ? 'green' : 'dim', state);
  return styleText(severity >= severityOf('Seems Down') ? 'red' : 'yellow', state);
}

async function change(client: Client, verb: Verb, id: bigint, options: JsonOption, terminal: Terminal): Promise<void> {
  await verb.run(client, id);
  terminal.out.write(options.json ? jsonLine({ site_id: id, result: verb.name }) : `site ${id} is ${verb.done}\n`);
}
