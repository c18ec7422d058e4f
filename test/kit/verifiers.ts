/** Verifiers that say what a test wants, on a clock that it moves. */
import { setImmediate } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { DEFAULT_BUDGETS, DEFAULT_PLAN } from '../../src/domain/probe-plan.ts';
import { quorumOf, regionsOf } from '../../src/domain/quorum.ts';
import type { RemoteAnswer, RemoteQuestion, VerifierClient } from '../../src/verifier/client.ts';
import { createPanel, type PanelDeps, type PanelQuestion } from '../../src/verifier/panel.ts';
import { createFakeClock, type FakeClock } from './fake-clock.ts';
import { seeded } from './seeded.ts';

export type Says = 'down' | 'up' | 'none';

export type VerifierDouble = VerifierClient & {
  /** What it says of a question; `silent` never answers. */
  says: (question: RemoteQuestion) => Says | 'silent' | RemoteAnswer;
  /** Time it takes for a request: the longest of its questions. */
  delayMs: number | ((question: RemoteQuestion) => number);
  /** Each request, as the list of its questions. */
  requests: RemoteQuestion[][];
  /** Most requests that were under way at a time. */
  mostInFlight: number;
  aborted: number;
  isClosed: boolean;
};

export function verifierDouble(clock: FakeClock, says: VerifierDouble['says'] | Says | 'silent'): VerifierDouble {
  let inFlight = 0;
  const double: VerifierDouble = {
    says: typeof says === 'function' ? says : () => says,
    delayMs: 10,
    requests: [],
    mostInFlight: 0,
    aborted: 0,
    isClosed: false,
    ask(questions, signal) {
      double.requests.push([...questions]);
      inFlight += 1;
      double.mostInFlight = Math.max(double.mostInFlight, inFlight);
      signal.addEventListener('abort', () => {
        double.aborted += 1;
        inFlight -= 1;
      });
      const said = questions.map(double.says);
      if (said.includes('silent')) return new Promise(() => {});
      const { delayMs } = double;
      const tookMs = typeof delayMs === 'number' ? delayMs : Math.max(...questions.map(delayMs));
      return new Promise((resolve) =>
        clock.after(tookMs, () => {
          if (signal.aborted) return;
          inFlight -= 1;
          resolve(said.map((one) => (typeof one === 'object' ? one : answer(one as Says))));
        }),
      );
    },
    status: async () => ({ ok: true, version: null }),
    close: () => {
      double.isClosed = true;
    },
  };
  return double;
}

export function answer(says: Says): Extract<RemoteAnswer, { kind: 'answer' }> {
  return {
    kind: 'answer',
    says,
    reason: says === 'down' ? 'http_5xx' : 'ok',
    httpCode: says === 'down' ? 503 : 200,
    errorCode: 0,
    failureClass: says === 'down' ? 'server' : 'success',
    rttMs: 42,
    host: 'probe-1.example',
    tookMs: 50,
  };
}

/** A panel over doubles, one region each unless told otherwise: `{ a: 'down' }` is verifier a in region a. */
export function panelOver(
  said: Record<string, VerifierDouble['says'] | Says | 'silent'>,
  change: Partial<PanelDeps> = {},
) {
  const clock = createFakeClock();
  const number = seeded(1);
  const names = Object.keys(said);
  const entries = change.entries ?? names.map((name) => ({ name, region: name }));
  const doubles = Object.fromEntries(names.map((name) => [name, verifierDouble(clock, said[name] ?? 'silent')]));
  const quarantined: [name: string, why: string][] = [];
  const panel = createPanel({
    entries,
    clients: Object.values(doubles),
    quorum: quorumOf(regionsOf(entries).length, null),
    plan: DEFAULT_PLAN,
    budgets: DEFAULT_BUDGETS,
    timeoutMs: 10_000,
    clock,
    random: { bytes: (length) => Uint8Array.from({ length }, () => Math.floor(number() * 256)) },
    onQuarantine: (name, why) => void quarantined.push([name, why]),
    knownUp: () => null,
    // Only where a test is about them.
    canaries: { firstMs: [1e9, 1e9], everyMs: [1e9, 1e9] },
    ...change,
  });
  onTestFinished(() => panel.stop());
  return {
    panel,
    clock,
    quarantined,
    double(name: string): VerifierDouble {
      const found = doubles[name];
      if (found === undefined) throw new Error(`no verifier ${name}`);
      return found;
    },
    of(name: string) {
      const found = panel.report().verifiers.find(({ verifier }) => verifier === name);
      if (found === undefined) throw new Error(`no verifier ${name}`);
      return found;
    },
    /** Lets time pass in steps, so that what is answered can lead to more. */
    async pass(ms: number, stepMs = 10) {
      for (let passed = 0; passed < ms; passed += stepMs) {
        clock.advance(Math.min(stepMs, ms - passed));
        await setImmediate();
      }
    },
  };
}

export function questionFor(url: string, change: Partial<PanelQuestion> = {}): PanelQuestion {
  return { siteId: 7n, endpointId: 70n, url, timeoutMs: 10_000, plan: null, mayHang: false, ...change };
}
