/** `jetmon2 testsite`: a site whose answers are known beforehand, to try a monitor on. */
import type { Command } from 'commander';
import { listenRefusal } from '../app/listen-refusal.ts';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { CannotListen, startTestSite } from '../testsite/testsite.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { defineHealthcheck } from './testsite-healthcheck.ts';

type Options = { port: string; tlsPort?: string; bind: string; webhookSecret?: string; json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--port <n>', 'port to answer on; 0 takes any free one', '8091')
    .option('--tls-port <n>', 'answer over TLS too, with a self-signed certificate made now; the usual one is 8443')
    .option('--bind <address>', 'address to answer on', '127.0.0.1')
    .option('--webhook-secret <text>', 'verify the signatures of webhooks that name no secret')
    .option('--json', 'print the start as one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
  defineHealthcheck(command, terminal);
}

const HELP = `
Its first page lists what it answers. It has no password: whoever reaches it can break it and read its webhooks.
A server probes addresses of this machine only with EGRESS_ALLOW=127.0.0.0/8.

Examples:
  $ jetmon2 testsite
  $ jetmon2 testsite --port 8091 --tls-port 8443
  $ curl -X POST 'http://127.0.0.1:8091/failure?mode=http-500'
  $ jetmon2 simulate-failure
  $ jetmon2 testsite healthcheck
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const stopWish = firstSignal();
  const site = await startTestSite({
    host: options.bind,
    port: portIn('--port', options.port),
    tlsPort: options.tlsPort === undefined ? null : portIn('--tls-port', options.tlsPort),
    webhookSecret: options.webhookSecret ?? null,
    nowMs: systemClock.nowMs,
  }).catch((error: unknown) => {
    if (!(error instanceof CannotListen)) throw error;
    const { port, cause } = error;
    throw listenRefusal(cause, { host: options.bind, port, portKey: '--port or --tls-port', hostKey: '--bind' });
  });
  try {
    const { http, https } = site;
    const secure = https === null ? '' : `  over TLS   ${https}\n`;
    const words = `\n  The test site is listening on ${http}\n\n${secure}  pages      ${http}/\n  stop       Ctrl-C\n\n`;
    terminal.out.write(options.json ? jsonLine({ http, https, pid: process.pid }) : words);
    await stopWish;
  } finally {
    await site.stop();
  }
  if (!options.json) terminal.out.write('stopped\n');
}

/** There is nothing to lose, so any of them ends it at once. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => resolve());
  });
}

/** Throws AppError `invalid_arguments`. */
function portIn(option: string, text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new AppError('invalid_arguments', `${option} "${text}" is not a number from 0 to 65535`, {
    fix: 'give a whole number',
  });
}
