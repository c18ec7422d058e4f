/** When we ourselves stand still, no site may be called down for it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientMeasured, Work } from './client.ts';
import { whole } from './closed-loop.ts';
import { type Finding, grouped, type Row, saysNothingFalse, verdictsOf } from './row.ts';
import { runOurs, type Site, type Stage, startOurs, startTarget, type Target } from './stage.ts';

const SITE: Site = { keys: null, bytes: 1_024, delayMs: 300 };
const TIMEOUT_MS = 2_000;
const PAUSE_MS = 3_000;
const GOAL = '0 false verdicts in 10,000 checks';

const BLOCKS = 4;
const BLOCKED: Work = { kind: 'blocked', loop: { times: BLOCKS, many: 2_500, blockMs: PAUSE_MS } };
const AT_ONCE = 1_000;
const STOPPED: Work = { kind: 'closed', loop: whole(AT_ONCE, 10_000) };
const STOPS = 2;
/** Into the work, so that a thousand checks are on their way when the process stops. */
const RUN_MS = 700;

export const PAUSE_ROWS: readonly Row[] = [
  {
    what: 'main thread blocked for 3 s, site of 300 ms, timeout 2 s',
    goal: GOAL,
    measure: (stage) =>
      onTarget(stage, async (target) => {
        stage.progress('main thread blocked for 3 s, four times');
        const client = await runOurs(stage, target, { work: BLOCKED, timeoutMs: TIMEOUT_MS });
        return findingOf(client, `blocked ${BLOCKS} times, 2,500 checks in flight each time`, BLOCKS);
      }),
  },
  {
    what: 'whole process stopped for 3 s and continued, site of 300 ms, timeout 2 s',
    goal: GOAL,
    measure: (stage) =>
      onTarget(stage, async (target) => {
        const client = await runStopped(stage, target);
        return findingOf(client, `stopped ${STOPS} times, ${grouped(AT_ONCE)} checks in flight`, STOPS);
      }),
  },
];

async function onTarget(stage: Stage, measure: (target: Target) => Promise<Finding>): Promise<Finding> {
  const target = await startTarget(stage, SITE);
  try {
    return await measure(target);
  } finally {
    await target.stop();
  }
}

async function runStopped(stage: Stage, target: Target): Promise<ClientMeasured> {
  const program = startOurs(stage, target, { work: STOPPED, timeoutMs: TIMEOUT_MS });
  try {
    await program.next();
    for (let stop = 1; stop <= STOPS; stop += 1) {
      stage.progress(`whole process stopped for 3 s, ${stop} of ${STOPS}`);
      await delay(RUN_MS, undefined, { signal: stage.signal });
      program.signal('SIGSTOP');
      await delay(PAUSE_MS, undefined, { signal: stage.signal });
      program.signal('SIGCONT');
    }
    return (await program.next()) as ClientMeasured;
  } finally {
    await program.stop();
  }
}

function findingOf({ counts, visits, voided, untimed, wallMs }: ClientMeasured, how: string, pauses: number): Finding {
  // Pauses that came after the work would prove nothing.
  if (wallMs < pauses * PAUSE_MS)
    throw new Error(`the work was over after ${wallMs.toFixed(0)} ms, before the pauses were`);
  return {
    measured: verdictsOf(counts),
    held: saysNothingFalse(counts) && counts.right + counts.unknown >= 10_000,
    detail: [
      how,
      `${grouped(voided)} of ${grouped(visits)} visits void and made again`,
      `timings of ${grouped(untimed)} withheld`,
    ].join('; '),
  };
}
