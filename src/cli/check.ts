/** `jetmon2 check`: one probe now, no database, no set-up. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { probeOnce } from '../app/probe-once.ts';
import { defaultPlan } from '../app/prober.ts';
import { AppError } from '../domain/errors.ts';
import { severityOf } from '../domain/state.ts';
import { rounded } from '../domain/timings.ts';
import { countedVerdict, type Observation } from '../domain/verdict.ts';
import { parseTypedUrl } from '../services/site-url.ts';
import { renderObservation } from './check-report.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { addProbeOptions, type ProbeOptions, planOf, probeSettingsOf, refuseIdleRules } from './probe-options.ts';
import { proxyNotice } from './proxy-notice.ts';
import { readLines } from './stdin.ts';

type Options = ProbeOptions & { json?: boolean; stdin?: boolean; allowPrivate?: boolean };

/** More at once would say nothing about the sites and much about this machine. */
const MAX_URLS = 10_000;

export function define(command: Command, terminal: Terminal): void {
  command
    .argument('[url...]', 'what to probe; https:// is added when no scheme is given')
    .option('--stdin', 'read more URLs from standard input, one a line');
  addProbeOptions(command)
    .option('--allow-private', 'probe private and loopback addresses too')
    .option('--json', 'print one JSON document a line, one per URL')
    .addHelpText('after', HELP)
    .action((urls: string[], options: Options) => run(urls, options, terminal));
}

const HELP = `
Exit codes: 0 every site is up, 1 at least one is failing or unknown, 2 wrong usage.

Examples:
  $ jetmon2 check example.com
  $ jetmon2 check https://example.com http://localhost:3000 --allow-private
  $ jetmon2 check example.com --keyword Welcome --forbid 'Fatal error' --redirects fail
  $ jetmon2 check https://example.com/private --header-file secrets.txt --expected-status 200,401
  $ cat urls.txt | jetmon2 check --stdin --json
`;

async function run(words: string[], options: Options, terminal: Terminal): Promise<void> {
  const listed = options.stdin ? [...words, ...(await readLines(terminal.stdin, MAX_URLS))] : words;
  if (listed.length === 0) {
    throw new AppError('invalid_arguments', 'there is no URL to check', {
      fix: 'give one, as in `jetmon2 check example.com`, or a list with --stdin',
    });
  }
  const urls = listed.map(parseTypedUrl);
  const settings = probeSettingsOf(options);
  const { config } = loadConfig(terminal.env);
  const plan = planOf(settings, defaultPlan(config));
  if (plan !== null) refuseIdleRules(plan);
  const notice = proxyNotice(terminal.env);
  if (notice !== null) terminal.err.write(notice);
  const timeoutMs = (settings.timeout_seconds ?? config.NET_COMMS_TIMEOUT) * 1000;
  const probing = { timeoutMs, plan, allowPrivate: options.allowPrivate === true };
  await probeOnce(config, urls, probing, (url, observation) => {
    terminal.out.write(options.json ? jsonLine(documentOf(url, observation)) : renderObservation(url, observation));
    if (isFailing(observation)) terminal.setExitCode(1);
  });
}

/** Warning and Degraded still serve; Unknown is no proof that the site is up. */
function isFailing(observation: Observation): boolean {
  const { state } = countedVerdict(observation.verdicts);
  return state === 'Unknown' || severityOf(state) >= severityOf('Seems Down');
}

/** The JSON document of one URL. */
function documentOf(url: string, observation: Observation): object {
  const worst = countedVerdict(observation.verdicts);
  return {
    url,
    state: worst.state,
    reason: worst.reason,
    summary: worst.summary,
    checked_at: new Date(observation.startedAtMs).toISOString(),
    timings_ms: rounded(observation.timings),
    verdicts: observation.verdicts,
    evidence: observation.evidence,
  };
}
