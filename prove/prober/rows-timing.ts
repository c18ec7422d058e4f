/** How true a measured time to the first byte is: against what the server says it took, at an even rate. */
import { median } from '../statistics.ts';
import type { ClientMeasured, TtfbError } from './client.ts';
import { allRight, grouped, type Row, verdictsOf } from './row.ts';
import { runOurs, type Stage, startTarget } from './stage.ts';

type Timing = { perSecond: number; goal: string; isMet(error: Pick<TtfbError, 'p50Ms' | 'p99Ms'>): boolean };

const SITE = { keys: null, bytes: 1_024, delayMs: 200 };
const WARM_UP = { perSecond: 5_000, seconds: 2 };
const SECONDS = 6;
const ROUNDS = 3;
const LONG_ROUNDS = 11;

export const TIMING_ROWS: readonly Row[] = [
  timingRow({ perSecond: 1_000, goal: 'p99 ≤ 2 ms', isMet: ({ p99Ms }) => p99Ms <= 2 }),
  timingRow({
    perSecond: 5_000,
    goal: 'p50 ≤ 0.2 ms, p99 ≤ 10 ms',
    isMet: ({ p50Ms, p99Ms }) => p50Ms <= 0.2 && p99Ms <= 10,
  }),
];

function timingRow({ perSecond, goal, isMet }: Timing): Row {
  const what = `error of TTFB on one thread, ${grouped(perSecond)} checks/s`;
  return {
    what,
    goal,
    async measure(stage) {
      const rounds = await roundsOf(stage, what, perSecond);
      const p50Ms = median(rounds.map(({ error }) => error.p50Ms));
      const p99Ms = median(rounds.map(({ error }) => error.p99Ms));
      const areRight = rounds.every(({ client }) => allRight(client.counts));
      const untimed = rounds.reduce((sum, { error }) => sum + error.untimed, 0);
      return {
        measured: `p50 ${p50Ms.toFixed(2)} ms, p99 ${p99Ms.toFixed(2)} ms`,
        held: areRight && isMet({ p50Ms, p99Ms }),
        detail: [
          `median of ${rounds.length} rounds of ${SECONDS} s, server of ${SITE.delayMs} ms`,
          `p99 ${rounds.map(({ error }) => error.p99Ms.toFixed(2)).join(', ')} ms`,
          ...(untimed === 0 ? [] : [`${grouped(untimed)} without a timing, because our thread stood still`]),
          ...(areRight ? [] : rounds.map(({ client }) => verdictsOf(client.counts))),
          `${median(rounds.map(({ client }) => client.cpuUsPerCheck)).toFixed(0)} µs a check`,
          `loop delay p99 ${delays(rounds)} ms prober`,
        ].join('; '),
      };
    },
  };
}

type Round = { client: ClientMeasured; error: TtfbError };

async function roundsOf(stage: Stage, what: string, perSecond: number): Promise<Round[]> {
  const count = stage.rounds ?? (stage.long ? LONG_ROUNDS : ROUNDS);
  const rounds: Round[] = [];
  for (let number = 1; number <= count; number += 1) {
    stage.progress(`${what}: round ${number} of ${count}`);
    rounds.push(await roundOf(stage, perSecond));
  }
  return rounds;
}

/** A target of its own, which remembers the delay of each number once. */
async function roundOf(stage: Stage, perSecond: number): Promise<Round> {
  const target = await startTarget(stage, SITE);
  try {
    const loop = { perSecond, seconds: SECONDS, warmUp: WARM_UP };
    const client = await runOurs(stage, target, { work: { kind: 'open', loop }, measuresTtfb: true });
    if (client.ttfbError === null) throw new Error('the client did not compare its timings');
    return { client, error: client.ttfbError };
  } finally {
    await target.stop();
  }
}

function delays(rounds: readonly Round[]): string {
  return median(rounds.map(({ client }) => client.proberDelayP99Ms ?? Number.NaN)).toFixed(1);
}
