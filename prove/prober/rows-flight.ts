/** Many checks at once on one thread: that all are judged right, and what they take of memory and descriptors. */
import type { ClientMeasured, Work } from './client.ts';
import { type LoopOptions, whole } from './closed-loop.ts';
import { type Descriptors, watchDescriptors } from './descriptors.ts';
import { allRight, type Finding, grouped, type Row, saysNothingFalse, verdictsOf } from './row.ts';
import { resultOf, type Site, startOurs, startTarget } from './stage.ts';
import type { TargetStats } from './target.ts';

type Flight = {
  what: string;
  goal: string;
  site: Site;
  loop: LoopOptions;
  /** Limit of descriptors that the client is given. */
  descriptors: number;
  /** Whether the goal is met, besides that nothing false was said. */
  isMet(flown: Flown): boolean;
};

type Flown = { client: ClientMeasured; target: TargetStats; descriptors: Descriptors };

const PAGE: Site = { keys: null, bytes: 1_024, delayMs: 0 };
/** What a process may open where these goals were set. */
const DESCRIPTORS = 20_000;
const FEW_DESCRIPTORS = 1_024;
/** Admission stops at this share of the limit; what the program itself has open comes on top. */
const ADMITTED = 0.7;
const OWN_DESCRIPTORS = 64;

export const FLIGHT_ROWS: readonly Row[] = [
  flightRow({
    what: '10,000 in flight on one thread, HTTP',
    goal: 'all right, RSS ≤ 200 MB',
    site: { ...PAGE, delayMs: 2_000 },
    loop: whole(10_000, 30_000),
    descriptors: DESCRIPTORS,
    isMet: ({ client, target }) => allRight(client.counts) && client.peakRssMb <= 200 && target.mostOpen >= 9_900,
  }),
  flightRow({
    what: '50,000 offered at once, 20,000 descriptors, slow server',
    goal: '0 false verdicts, at most 0.7 of the descriptors open',
    site: { ...PAGE, delayMs: 2_000 },
    loop: whole(50_000, 50_000),
    descriptors: DESCRIPTORS,
    isMet: staysWithin(DESCRIPTORS),
  }),
  flightRow({
    what: '5,000 in flight on one thread, TLS',
    goal: 'all right, RSS ≤ 370 MB',
    site: { ...PAGE, keys: 'ecdsa', delayMs: 15_000 },
    loop: whole(5_000, 5_000),
    descriptors: DESCRIPTORS,
    isMet: ({ client, target }) => allRight(client.counts) && client.peakRssMb <= 370 && target.mostOpen >= 4_950,
  }),
  ...[18_000, 50_000].map((offered) =>
    flightRow({
      what: `${grouped(offered)} offered at once, 1,024 descriptors`,
      goal: '0 false verdicts, at most 0.7 of the descriptors open',
      site: { ...PAGE, delayMs: 50 },
      loop: whole(offered, offered),
      descriptors: FEW_DESCRIPTORS,
      isMet: staysWithin(FEW_DESCRIPTORS),
    }),
  ),
];

function staysWithin(descriptors: number): Flight['isMet'] {
  return ({ descriptors: { limit, most } }) =>
    limit !== null && limit <= descriptors && most !== null && most <= limit * ADMITTED + OWN_DESCRIPTORS;
}

function flightRow({ what, goal, site, loop, descriptors, isMet }: Flight): Row {
  return {
    what,
    goal,
    async measure(stage) {
      stage.progress(what);
      const target = await startTarget(stage, site);
      try {
        const work: Work = { kind: 'closed', loop };
        const program = startOurs(stage, target, { work, descriptors });
        const watch = program.pid === null ? null : watchDescriptors(program.pid);
        const client = await resultOf(program).finally(() => watch?.stop());
        const flown = { client, target: await target.stats(), descriptors: watch?.stop() ?? UNSEEN };
        return findingOf(flown, isMet);
      } finally {
        await target.stop();
      }
    },
  };
}

const UNSEEN: Descriptors = { limit: null, most: null };

function findingOf({ client, target, descriptors }: Flown, isMet: Flight['isMet']): Finding {
  const { counts, peakRssMb } = client;
  const { most, limit } = descriptors;
  return {
    measured: `${verdictsOf(counts)}, ${peakRssMb.toFixed(0)} MB`,
    held: saysNothingFalse(counts) && isMet({ client, target, descriptors }),
    detail: [
      `most at once ${grouped(target.mostOpen)} connections as the server saw it`,
      most === null || limit === null
        ? 'descriptors not counted on this system'
        : `${grouped(most)} of ${grouped(limit)} descriptors`,
      `${grouped(client.checksPerSecond)} checks/s, ${client.cpuUsPerCheck.toFixed(0)} µs a check`,
      `loop delay p99 ${grouped(client.loopDelayP99Ms)} ms main, ${grouped(client.proberDelayP99Ms ?? Number.NaN)} ms prober`,
    ].join('; '),
  };
}
