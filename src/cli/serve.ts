/** `jetmon2 serve`: everything in one process, until it is told to stop. */
import type { Command } from 'commander';
import type { App } from '../app/app.ts';
import type { Config } from '../app/config.ts';
import { loadConfig } from '../app/config.ts';
import { escapeControl } from '../lib/escape.ts';
import { parseTypedUrl } from '../services/site-url.ts';
import { createLog } from '../telemetry/log.ts';
import type { Terminal } from './command.ts';
import { parseEvery } from './interval-option.ts';
import { jsonLine } from './json-line.ts';
import { processSignals } from './signals.ts';
import { watchedWords } from './watched-words.ts';

type Options = { site: string[]; every: string; json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--site <url>', 'watch this URL too; may be given many times', (url, all: string[]) => [...all, url], [])
    .option('--every <span>', 'interval of the sites given with --site', '1m')
    .option('--json', 'print the start as one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
Settings come from config/config.json (or JETMON_CONFIG) and the environment; see docs/config.md.

Examples:
  $ jetmon2 serve
  $ jetmon2 serve --site https://example.com --site https://example.org --every 2m
  $ HTTP_PORT=9090 jetmon2 serve
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const sites = options.site.map((word) => parseTypedUrl(word));
  const intervalSeconds = parseEvery(options.every);
  const loaded = loadConfig(terminal.env);
  const { config, notices, file } = loaded;
  const log = createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  for (const notice of notices) log.warn(notice);

  const signals = processSignals(log);
  const { startApp } = await import('../app/app.ts');
  const app = await startApp({ loaded, readConfig: () => loadConfig(terminal.env), log }).catch((error: unknown) => {
    signals.close();
    throw error;
  });
  try {
    const stopWish = signals.stopWish();
    signals.onReload(() => void app.reload());
    for (const url of sites) await addSite(app, url, intervalSeconds, terminal, options.json === true);
    announce(app, config, file, terminal, options.json === true);
    const lost = await Promise.race([stopWish, app.lost]);
    // Whoever supervises it starts it anew: what was acknowledged is in the file.
    if (lost !== undefined) throw lost;
  } finally {
    await app.stop();
    signals.close();
  }
  if (!options.json) terminal.out.write('stopped\n');
}

async function addSite(
  app: App,
  url: string,
  intervalSeconds: number,
  terminal: Terminal,
  quiet: boolean,
): Promise<void> {
  const added = await app.addSite({ url, intervalSeconds });
  if (quiet) return;
  terminal.out.write(`  ${escapeControl(url)} is ${watchedWords(added)}\n`);
}

function announce(app: App, config: Config, file: string | null, terminal: Terminal, json: boolean): void {
  if (json) {
    const document = {
      address: app.address,
      pid: process.pid,
      data_dir: config.JETMON_DATA_DIR,
      config_file: file,
      watched: app.watched(),
    };
    terminal.out.write(jsonLine(document));
    return;
  }
  const watched = app.watched();
  terminal.out.write(
    [
      '',
      `  Jetmon 2 is listening on ${shownAddress(app.address)}`,
      '',
      `  watching   ${watched} ${watched === 1 ? 'endpoint' : 'endpoints'}`,
      `  data       ${config.JETMON_DATA_DIR}`,
      '  add a site bin/jetmon2 sites add https://example.com   (or on the page)',
      '  stop       Ctrl-C',
      '',
      '',
    ].join('\n'),
  );
}

/** An address that stands for all is none a browser can open. */
function shownAddress(address: string): string {
  const { hostname, port } = new URL(address);
  const isWildcard = hostname === '0.0.0.0' || hostname === '[::]';
  return isWildcard ? `http://localhost:${port} (and every other address of this machine)` : address;
}
