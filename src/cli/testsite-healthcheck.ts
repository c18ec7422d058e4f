/** `jetmon2 testsite healthcheck`: whether a test site answers, for containers that want to know. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { AppError } from '../domain/errors.ts';
import { worstVerdict } from '../domain/verdict.ts';
import { escapeControl } from '../lib/escape.ts';
import { WELL } from './api/well.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';

type Options = { url: string; json?: boolean };

const TIMEOUT_MS = 2_000;

export function defineHealthcheck(command: Command, terminal: Terminal): void {
  command
    .command('healthcheck')
    .summary('ask a test site whether it is well: exit 0, or 1')
    .option('--url <url>', 'its address, without a path', 'http://127.0.0.1:8091')
    .addHelpText('after', HELP)
    .action((_: unknown, self: Command) => run(self.optsWithGlobals<Options>(), terminal));
}

const HELP = `
Exit codes: 0 it is well, 1 it is not, or another program answers there, 2 wrong usage.

Example:
  $ jetmon2 testsite healthcheck --url http://127.0.0.1:8091
`;

async function run({ url: address, json }: Options, terminal: Terminal): Promise<void> {
  const url = URL.parse('/health', address);
  if (url === null || url.protocol !== 'http:') {
    throw new AppError('invalid_arguments', `--url ${address} is no http address`, {
      fix: 'write it as `http://127.0.0.1:8091`',
    });
  }
  const { config } = loadConfig(terminal.env);
  const { probeOnce } = await import('../app/probe-once.ts');
  const options = { timeoutMs: TIMEOUT_MS, allowPrivate: true, plan: WELL };
  await probeOnce({ ...config, NUM_WORKERS: 1 }, [url.href], options, (asked, { verdicts }) => {
    const { state, summary } = worstVerdict(verdicts);
    const ok = state === 'Up';
    if (!ok) terminal.setExitCode(1);
    const words = `${ok ? 'ok' : 'not well'}: ${asked}: ${summary}`;
    terminal.out.write(json ? jsonLine({ ok, url: asked, summary }) : `${escapeControl(words)}\n`);
  });
}
