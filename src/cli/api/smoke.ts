/** `jetmon2 smoke`: a walk through a server, from its health to a site of its own that is looked at and removed again. */
import type { Command } from 'commander';
import { systemClock } from '../../lib/clock.ts';
import { systemRandom } from '../../lib/random.ts';
import { parseTypedUrl } from '../../services/site-url.ts';
import type { Terminal } from '../command.ts';
import { type BatchOptions, firstIdOf, labelIn, requireBatch } from './batch.ts';
import { type Api, requireMayChange, withApi } from './connection.ts';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts';
import { addFixtureOptions, chooseFixture, type FixtureOptions } from './fixture.ts';
import { withInterrupt } from './interrupt.ts';
import { siteIdIn } from './numbers-in.ts';
import { requireServer } from './require-server.ts';
import { documentText, formIn } from './show-reply.ts';
import { type SmokeSite, smokeSteps } from './smoke-steps.ts';
import { type StepResult, stepWords, walk } from './steps.ts';
import { cleanupCommand } from './undo.ts';

type Options = ConnectionOptions & BatchOptions & FixtureOptions & { blogId?: string; url?: string; cleanup: boolean };

const DEFAULT_BATCH = 'smoke';
/** Reserved for examples (RFC 2606), and always well. */
const PUBLIC_URL = 'https://example.com/';

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--batch <label>', `mark of the site that is added; ${DEFAULT_BATCH} unless said otherwise`)
    .option('--blog-id <id>', 'its id; else it follows from the batch')
    .option('--url <url>', `what it watches; else the test site if it answers, or ${PUBLIC_URL}`)
    .option('--no-cleanup', 'keep the site', true);
  addConnectionOptions(addFixtureOptions(command))
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
The site is removed again also when a step fails, and on Ctrl-C.
Exit codes: 0 every step went well, 1 one did not, 2 wrong usage.

Examples:
  $ jetmon2 smoke
  $ jetmon2 smoke --json
  $ jetmon2 smoke --base-url https://monitor.example.com --token-file key --allow-remote --batch release-42
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const batch = labelIn(options.batch ?? DEFAULT_BATCH);
  const siteId = options.blogId === undefined ? BigInt(firstIdOf(batch)) : siteIdIn('--blog-id', options.blogId);
  const named = options.url === undefined ? null : parseTypedUrl(options.url);
  await withApi(terminal, options, async (api) => {
    requireMayChange(api, options);
    requireBatch(api, options);
    requireServer(api);
    const url = named ?? (await urlOf(options, api, terminal));
    await withInterrupt((signal) => smoke(api, { siteId, url, batch }, { options, terminal, signal }));
  });
}

async function urlOf(options: Options, api: Api, terminal: Terminal): Promise<string> {
  const { http } = await chooseFixture(options, api, terminal);
  return http === null ? PUBLIC_URL : `${http}/ok`;
}

type Around = { options: Options; terminal: Terminal; signal: AbortSignal };

async function smoke(api: Api, site: SmokeSite, { options, terminal, signal }: Around): Promise<void> {
  const isTold = api.output === 'table';
  const idempotencyKey = `smoke-${Buffer.from(systemRandom.bytes(8)).toString('hex')}`;
  const steps = smokeSteps(api.client, site, { signal, idempotencyKey, isCleanedUp: options.cleanup });
  const onResult = (result: StepResult) => void (isTold && terminal.out.write(`${stepWords(result)}\n`));
  const results = await walk(steps, { clock: systemClock, signal, onResult });
  const ok = results.every((result) => result.status === 'ok');
  if (!ok) terminal.setExitCode(1);
  const isLeft = results.some(({ name, status }) => name === 'create_site' && status !== 'skipped') && !isGone(results);
  const undo = isLeft ? cleanupCommand(site.batch, options) : null;
  const document = { ok, ...documentOf(site), steps: results, undo };
  if (!isTold) terminal.out.write(documentText(document, formIn(api.output, options)));
  else if (undo !== null) terminal.out.write(`\nThe site may be there still. To remove it: ${undo}\n`);
}

function isGone(results: readonly StepResult[]): boolean {
  return results.some(({ name, status }) => name === 'cleanup' && status === 'ok');
}

function documentOf({ siteId, url, batch }: SmokeSite) {
  return { batch, site_id: siteId, url };
}
