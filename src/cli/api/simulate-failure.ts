/** `jetmon2 simulate-failure`: makes sites of its own fail, and shows how the server sees, confirms and records it. */
import type { Command } from 'commander';
import { AppError } from '../../domain/errors.ts';
import { systemClock } from '../../lib/clock.ts';
import { escapeControl } from '../../lib/escape.ts';
import { systemRandom } from '../../lib/random.ts';
import type { Terminal } from '../command.ts';
import { type BatchOptions, firstIdOf, labelIn, requireBatch } from './batch.ts';
import { type Api, requireMayChange, withApi } from './connection.ts';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts';
import { type Expectation, type ExpectationOptions, expectationIn, NOTHING_SEEN, type Seen } from './expectation.ts';
import { FAILURE_MODES, type Failure, type FailureMode, failureOf, isFailureMode } from './failure-modes.ts';
import { addFixtureOptions, chooseFixture, type FixtureOptions } from './fixture.ts';
import { withInterrupt } from './interrupt.ts';
import { collect, countIn, idsFrom, siteIdIn, siteIdsIn, spanMsIn } from './numbers-in.ts';
import { requireServer } from './require-server.ts';
import { documentText, formIn } from './show-reply.ts';
import { lineOf, newSteps, outcomeWords, siteDocument, startedWords } from './simulation-words.ts';
import { type Started, startFailure } from './start-failure.ts';
import { cleanupCommand, restoreCommand } from './undo.ts';
import { type Outcome, watchFailures } from './watch-failure.ts';

type Options = ConnectionOptions &
  BatchOptions &
  FixtureOptions &
  ExpectationOptions & {
    mode: string;
    siteId?: string[];
    count: string;
    blogIdStart?: string;
    createMissing?: boolean;
    trigger: boolean;
    wait: string;
    pollInterval: string;
    idempotencyKeyPrefix?: string;
  };

/** What is asked for, read from the options. */
type Wanted = {
  mode: FailureMode;
  batch: string;
  siteIds: readonly bigint[];
  mayCreate: boolean;
  waitMs: number;
  pollMs: number;
  expectation: Expectation;
  keyPrefix: string;
};

const DEFAULT_BATCH = 'simulate-failure';
const LEAST_POLL_MS = 50;

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--mode <mode>', FAILURE_MODES.join(', '), 'http-500')
    .option('--batch <label>', `mark of the sites that are added; ${DEFAULT_BATCH} unless said otherwise`)
    .option('--count <n>', 'how many sites of the batch fail, up to 200', '1')
    .option('--blog-id-start <id>', 'id of the first of them; else it follows from the batch')
    .option('--site-id <id>', 'let this site fail instead; may be repeated', collect)
    .option('--create-missing', 'create also sites that --site-id names')
    .option('--no-create-missing', 'create none')
    .option('--no-trigger', 'leave the first look to the server', true)
    .option('--wait <span>', 'how long what is expected may take; 0s: do not wait', '60s')
    .option('--poll-interval <span>', 'how often the server is asked meanwhile', '2s')
    .option('--expect-event-state <state>', 'state of the event; Down unless anything else is expected')
    .option('--expect-event-severity <n>', 'severity of the event')
    .option('--require-transition', 'the event must have a transition')
    .option('--expect-transition-reason <reason>', 'one of its transitions must have this reason')
    .option('--idempotency-key-prefix <text>', 'how the idempotency keys of the requests begin')
    .option('--allow-unmarked', 'change also sites of no batch, on this machine; cleaning up does not put them back');
  addConnectionOptions(addFixtureOptions(command))
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
It watches what fails at the test site, \`jetmon2 testsite\`, or at public hosts where that does not answer; tls wants the
test site with --tls-port 8443. The server goes to addresses of its own machine only with EGRESS_ALLOW=127.0.0.0/8.

Exit codes: 0 all was as expected, 1 it was not, 2 wrong usage.

Examples:
  $ jetmon2 testsite &
  $ jetmon2 simulate-failure
  $ jetmon2 simulate-failure --mode timeout --count 3 --batch rehearsal
  $ jetmon2 simulate-failure --expect-event-state 'Seems Down' --wait 10s
  $ jetmon2 api sites cleanup --batch simulate-failure
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const wanted = wantedIn(options);
  await withApi(terminal, options, async (api) => {
    requireMayChange(api, options);
    requireBatch(api, options);
    requireServer(api);
    const failure = failureOf(wanted.mode, await chooseFixture(options, api, terminal));
    refuseOtherFixture(failure, wanted, options);
    await withInterrupt((signal) => simulate({ api, options, wanted, failure, terminal, signal }));
  });
}

/** Throws `invalid_arguments`. */
function wantedIn(options: Options): Wanted {
  const { mode, batch: label, siteId, blogIdStart, wait } = options;
  if (!isFailureMode(mode)) {
    throw new AppError('invalid_arguments', `--mode ${mode} is not known`, { fix: `use ${FAILURE_MODES.join(', ')}` });
  }
  if (siteId !== undefined && blogIdStart !== undefined) {
    throw new AppError('invalid_arguments', '--site-id and --blog-id-start exclude each other', { fix: 'keep one' });
  }
  const batch = labelIn(label ?? DEFAULT_BATCH);
  const first = blogIdStart === undefined ? BigInt(firstIdOf(batch)) : siteIdIn('--blog-id-start', blogIdStart);
  return {
    mode,
    batch,
    siteIds: siteId === undefined ? idsFrom(first, countIn(options.count)) : siteIdsIn(siteId),
    mayCreate: options.createMissing ?? siteId === undefined,
    waitMs: spanMsIn('--wait', wait, 0),
    pollMs: spanMsIn('--poll-interval', options.pollInterval, LEAST_POLL_MS),
    expectation: expectationIn(options),
    keyPrefix: options.idempotencyKeyPrefix ?? `simulate-${Buffer.from(systemRandom.bytes(8)).toString('hex')}`,
  };
}

/** Whoever names a test site does not mean hosts of others. */
function refuseOtherFixture({ isFixture }: Failure, { mode }: Wanted, { fixtureUrl }: FixtureOptions): void {
  if (isFixture || fixtureUrl === 'auto' || fixtureUrl === 'off') return;
  const scheme = mode === 'tls' ? 'https' : 'http';
  throw new AppError('invalid_arguments', `${mode} wants the test site over ${scheme}, and --fixture-url is another`, {
    fix: `name its ${scheme} address, such as ${mode === 'tls' ? 'https://127.0.0.1:8443' : 'http://127.0.0.1:8091'}`,
  });
}

type Simulation = {
  api: Api;
  options: Options;
  wanted: Wanted;
  failure: Failure;
  terminal: Terminal;
  signal: AbortSignal;
};

async function simulate(simulation: Simulation): Promise<void> {
  const { api, options, wanted, failure, terminal } = simulation;
  const say = (text: string) => void (api.output === 'table' && terminal.out.write(text));
  say(headline(simulation));
  const started: Started[] = [];
  let outcomes: Awaited<ReturnType<typeof watchAll>>;
  try {
    await startAll(simulation, started, say);
    outcomes = await watchAll(simulation, started, say);
  } finally {
    say(closingWords(started, wanted.batch, options));
  }
  const isWell = (one: Started) => one.problem === null && (outcomes.get(one)?.isMet ?? wanted.waitMs === 0);
  const isOk = started.length === wanted.siteIds.length && started.every(isWell);
  if (!isOk) terminal.setExitCode(1);
  if (api.output === 'table') return;
  terminal.out.write(
    documentText(
      {
        ok: isOk,
        mode: wanted.mode,
        batch: wanted.batch,
        url: failure.url,
        is_fixture: failure.isFixture,
        sites: started.map((one) => siteDocument(one, outcomes.get(one))),
        undo: undoCommands(started, wanted.batch, options),
      },
      formIn(api.output, options),
    ),
  );
}

function headline({
  wanted: { mode, siteIds, batch },
  failure: { url, words, isFixture },
  options,
}: Simulation): string {
  const sites = siteIds.length === 1 ? 'one site' : `${siteIds.length} sites`;
  const instead = isFixture || options.fixtureUrl === 'off' || mode === 'unreachable';
  const why = instead ? '' : 'No test site answers here (`jetmon2 testsite` is one), so a public host stands in.\n';
  return `${why}${mode} on ${sites} of the batch ${batch}: ${escapeControl(url)} ${words}\n`;
}

/** Adds to `all` as it goes, so that what was done is known also where something fails in between. */
async function startAll(
  { api, options, wanted, failure, signal }: Simulation,
  all: Started[],
  say: (text: string) => void,
): Promise<void> {
  for (const siteId of wanted.siteIds) {
    if (signal.aborted) break;
    const { url, settings, reasons } = failure;
    const { batch, mayCreate, keyPrefix } = wanted;
    const allowUnmarked = options.allowUnmarked === true;
    const site = { siteId, url, settings, batch, mayCreate, allowUnmarked, beginsAnew: true };
    const started = await startFailure(api.client, site, { isTriggered: options.trigger, reasons, keyPrefix });
    for (const words of startedWords(started, url)) say(lineOf(siteId, words));
    all.push(started);
  }
}

async function watchAll(
  { api, wanted, failure, signal }: Simulation,
  started: readonly Started[],
  say: (text: string) => void,
): Promise<Map<Started, Outcome>> {
  const watched = wanted.waitMs === 0 ? [] : started.filter(({ problem }) => problem === null);
  const last = new Map<unknown, Seen>();
  const { expectation, waitMs, pollMs } = wanted;
  const outcomes = await watchFailures(api.client, watched, {
    expectation,
    waitMs,
    pollMs,
    clock: systemClock,
    signal,
    onSeen({ siteId }, seen) {
      for (const step of newSteps(last.get(siteId) ?? NOTHING_SEEN, seen)) say(lineOf(siteId, step));
      last.set(siteId, seen);
    },
    onOutcome: ({ siteId }, outcome) => say(lineOf(siteId, outcomeWords(outcome, expectation, failure.url))),
  });
  return new Map(watched.flatMap((one, index) => (outcomes[index] === undefined ? [] : [[one, outcomes[index]]])));
}

function closingWords(started: readonly Started[], batch: string, options: Options): string {
  const [first] = started.filter(({ prepared }) => prepared !== null);
  if (first === undefined) return '';
  const isHere = options.baseUrl === undefined;
  const trail = isHere ? `\nWhat was recorded:  jetmon2 audit --blog-id ${first.siteId}` : '';
  const undo = undoCommands(started, batch, options).map((command) => `\nTo undo it:         ${command}`);
  return `${trail}${undo.join('')}\n`;
}

function undoCommands(started: readonly Started[], batch: string, options: Options): string[] {
  const restored = started.flatMap(({ siteId, prepared }) =>
    prepared === null || prepared.before === null ? [] : [restoreCommand(siteId, prepared.before, options)],
  );
  const isAnyMarked = started.some(({ prepared }) => prepared !== null && prepared.before === null);
  return isAnyMarked ? [...restored, cleanupCommand(batch, options)] : restored;
}
