/** A verifier on loopback with a prober of its own, and clients of it; all of it gone when the test is. */
import { onTestFinished } from 'vitest';
import { DEFAULT_BUDGETS, DEFAULT_PLAN } from '../../src/domain/probe-plan.ts';
import type { Verdict } from '../../src/domain/verdict.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createProberPool } from '../../src/prober/pool.ts';
import type { ProbeJob, ProbeResult } from '../../src/prober/prober.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import type { RemoteAnswer, RemoteQuestion, VerifierClient, VerifierEntry } from '../../src/verifier/client.ts';
import { createVerifierClient } from '../../src/verifier/create-client.ts';
import { createVerifierServer, type VerifierOptions, type VerifierServer } from '../../src/verifier/server.ts';
import { TEST_PROBER_SETTINGS } from './prober.ts';

export const TOKEN = 'a-secret-of-the-tests';
/** Nobody gives up. */
export const PATIENT = new AbortController().signal;

export type TestVerifier = VerifierServer & { port: number; url: string };

type TestOptions = Partial<VerifierOptions> & { port?: number };

/** Ends with the test. */
export async function startVerifier(options: TestOptions = {}): Promise<TestVerifier> {
  const verifier = await openVerifier(options);
  onTestFinished(verifier.stop);
  return verifier;
}

/** For all tests of a file, because a prober takes a while to start. Whoever opens it stops it. */
export async function openVerifier({ port: wanted = 0, ...options }: TestOptions = {}): Promise<TestVerifier> {
  const server = createVerifierServer({
    authTokens: [TOKEN],
    tls: null,
    host: 'verifier.test',
    version: '9.9.9',
    defaults: { plan: DEFAULT_PLAN, budgets: DEFAULT_BUDGETS, timeoutMs: 10_000 },
    createProber: (_, onResults) =>
      createProberPool({
        settings: TEST_PROBER_SETTINGS,
        maxThreads: 1,
        clock: systemClock,
        onResults,
        onThreadDeath() {},
      }),
    metrics: { metrics: createMetrics(), isPublic: () => true },
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    ...options,
  });
  const { port } = await server.listen({ host: '127.0.0.1', port: wanted });
  let stopping: Promise<void> | null = null;
  const stop = () => {
    stopping ??= server.stop();
    return stopping;
  };
  return { ...server, stop, port, url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}` };
}

const CLIENT_DEPS = { clock: systemClock, bindSource: null };

function entryOf(entry: Partial<VerifierEntry> & { port: number }): VerifierEntry {
  const { port, authToken = TOKEN, tls = null, host = '127.0.0.1' } = entry;
  return { name: 'one', region: 'here', host, port, authToken, tls };
}

export function clientOf(entry: Partial<VerifierEntry> & { port: number }): VerifierClient {
  const client = createVerifierClient(entryOf(entry), CLIENT_DEPS);
  onTestFinished(() => client.close());
  return client;
}

/** Waits for the prober's first look: a machine that is busy takes seconds to start a thread. */
export async function warmUp(verifier: TestVerifier, url: string): Promise<void> {
  const client = createVerifierClient(entryOf(verifier), CLIENT_DEPS);
  await client.ask([question(url, { timeoutMs: 60_000 })], PATIENT);
  client.close();
}

/** A prober that is answered by the test. */
export function scriptedProber() {
  const jobs: ProbeJob[] = [];
  let report: (results: ProbeResult[]) => void = () => {};
  const createProber: VerifierOptions['createProber'] = (_, onResults) => {
    report = onResults;
    return {
      submit: (more) => void jobs.push(...more),
      inFlight: () => 0,
      stats: () => ({ threads: 0, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 }),
      drain: async () => {},
      stop: async () => {},
    };
  };
  return {
    createProber,
    /** What it was asked to look at, in order. */
    jobs,
    /** The look that was asked for at this place finds the site in this state. */
    answer(index: number, state: Verdict['state']) {
      const verdict: Verdict = { check: 'http', state, reason: state === 'Up' ? 'ok' : 'tcp_refused', summary: '' };
      const nothing = { httpCode: null, address: null, certificateExpiresAtMs: null, evidence: null };
      const observation = { startedAtMs: 0, timings: { total: 1 }, verdicts: [verdict], ...nothing };
      report([{ id: jobs[index]?.id ?? 0, observation }]);
    },
  };
}

let nextId = 1;

export function question(url: string, changed: Partial<RemoteQuestion> = {}): RemoteQuestion {
  const requestId = `test-${nextId++}`;
  const budgets = DEFAULT_BUDGETS;
  return { requestId, siteId: 7n, endpointId: 8n, url, timeoutMs: 30_000, plan: DEFAULT_PLAN, budgets, ...changed };
}

export async function askOne(client: VerifierClient, asked: RemoteQuestion): Promise<RemoteAnswer> {
  const [answer] = await client.ask([asked], PATIENT);
  if (answer === undefined) throw new Error('there is no answer');
  return answer;
}
