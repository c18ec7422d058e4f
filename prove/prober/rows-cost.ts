/** What a check costs against a plain client of Node: the same pages, in turns, on the same core. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../statistics.ts';
import type { ClientMeasured } from './client.ts';
import { type LoopOptions, steady } from './closed-loop.ts';
import type { Measured } from './measured.ts';
import { busiestProfile, describeSelfTimes, topSelfTimes } from './profile.ts';
import { isPinned } from './program.ts';
import { KEYWORD } from './reply.ts';
import { allRight, type Finding, grouped, type Row, verdictsOf } from './row.ts';
import { runOurs, runYardstick, type Site, type Stage, startTarget, type Target } from './stage.ts';

type Cost = {
  what: string;
  goal: number;
  stretch: number | null;
  site: Site;
  loop: LoopOptions;
  keyword?: string;
};

const PAGE_1K: Site = { keys: null, bytes: 1_024, delayMs: 0 };
const PAGE_20K: Site = { keys: null, bytes: 20_480, delayMs: 0 };
/** The product runs for days; what its code costs before it is compiled says little. */
const HTTP_WARM_UP = 20_000;
const HTTP_CHECKS = 30_000;
const HTTPS_LOOP = steady(200, 4_000, 6_000);
const NEW_HOSTS_LOOP = steady(200, 2_000, 2_000);
const ROUNDS = 5;
const LONG_ROUNDS = 11;
const SHOWN_FUNCTIONS = 6;

export const COST_ROWS: readonly Row[] = [
  costRow({
    what: 'CPU, HTTP 1 KB, body read, 200 in flight',
    goal: 0.45,
    stretch: 0.38,
    site: PAGE_1K,
    loop: steady(200, HTTP_WARM_UP, HTTP_CHECKS),
  }),
  costRow({
    what: 'CPU, HTTP 1 KB, body read, 1,000 in flight',
    goal: 0.45,
    stretch: 0.38,
    site: PAGE_1K,
    loop: steady(1_000, HTTP_WARM_UP, HTTP_CHECKS),
  }),
  costRow({
    what: 'CPU, HTTP 20 KB, body read and a keyword searched, 200 in flight',
    goal: 0.55,
    stretch: null,
    site: PAGE_20K,
    loop: steady(200, HTTP_WARM_UP, HTTP_CHECKS),
    keyword: KEYWORD,
  }),
  costRow({
    what: 'CPU, HTTPS RSA-2048, full handshake, chain and name verified',
    goal: 0.4,
    stretch: 0.33,
    site: { ...PAGE_1K, keys: 'rsa' },
    loop: HTTPS_LOOP,
  }),
  costRow({
    what: 'CPU, HTTPS ECDSA P-256, full handshake, chain and name verified',
    goal: 0.5,
    stretch: 0.39,
    site: { ...PAGE_1K, keys: 'ecdsa' },
    loop: HTTPS_LOOP,
  }),
];

type Round = { ours: ClientMeasured; yardstick: Measured };

function costRow(cost: Cost): Row {
  return {
    what: cost.what,
    goal: `≤ ${cost.goal} of node:http${cost.site.keys === null ? '' : 's'}`,
    async measure(stage) {
      const target = await startTarget(stage, cost.site);
      try {
        return await compare(stage, target, cost);
      } finally {
        await target.stop();
      }
    },
  };
}

async function compare(stage: Stage, target: Target, cost: Cost): Promise<Finding> {
  const count = stage.rounds ?? (stage.long ? LONG_ROUNDS : ROUNDS);
  const rounds: Round[] = [];
  for (let number = 1; number <= count; number += 1) {
    stage.progress(`${cost.what}: round ${number} of ${count}`);
    rounds.push(await roundOf(stage, target, cost, number));
  }
  const ratio = median(rounds.map(ratioOf));
  const areRight = rounds.every(({ ours, yardstick }) => allRight(ours.counts) && allRight(yardstick.counts));
  const held = areRight && ratio <= cost.goal;
  return {
    measured: `${ratio.toFixed(3)}, ${microseconds(rounds, 'ours')} against ${microseconds(rounds, 'yardstick')} µs a check`,
    held,
    detail: [
      ...describe(rounds, ratio, cost),
      ...(areRight ? [] : wrongOf(rounds)),
      ...(await newHostsRatio(stage, target, cost)),
      ...(held ? [] : [await profileOf(stage, target, cost)]),
    ].join('; '),
  };
}

/** Every other round the other way around, so that a machine that warms up favours nobody. */
async function roundOf(stage: Stage, target: Target, { loop, keyword }: Cost, number: number): Promise<Round> {
  const ask = () =>
    runOurs(stage, target, { work: { kind: 'closed', loop }, ...(keyword === undefined ? {} : { keyword }) });
  if (number % 2 === 1) {
    const ours = await ask();
    return { ours, yardstick: await runYardstick(stage, target, loop) };
  }
  const yardstick = await runYardstick(stage, target, loop);
  return { ours: await ask(), yardstick };
}

function ratioOf({ ours, yardstick }: Round): number {
  return ours.cpuUsPerCheck / yardstick.cpuUsPerCheck;
}

function microseconds(rounds: readonly Round[], who: keyof Round): string {
  return median(rounds.map((round) => round[who].cpuUsPerCheck)).toFixed(0);
}

function describe(rounds: readonly Round[], ratio: number, { stretch, loop }: Cost): string[] {
  const ratios = rounds.map(ratioOf);
  const of = (who: keyof Round, key: 'checksPerSecond' | 'peakRssMb' | 'loopDelayP99Ms') =>
    grouped(median(rounds.map((round) => round[who][key])));
  const prober = median(rounds.map(({ ours }) => ours.proberDelayP99Ms ?? Number.NaN));
  const checks = grouped(loop.measured.to - loop.measured.from);
  return [
    `median of ${rounds.length} rounds of ${checks}, ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)}`,
    ...(stretch === null ? [] : [`stretch ${stretch} ${ratio <= stretch ? 'reached' : 'not reached'}`]),
    `${of('ours', 'checksPerSecond')} against ${of('yardstick', 'checksPerSecond')} checks/s`,
    `peak RSS ${of('ours', 'peakRssMb')} against ${of('yardstick', 'peakRssMb')} MB`,
    `loop delay p99 ${of('ours', 'loopDelayP99Ms')} ms main, ${grouped(prober)} ms prober, ${of('yardstick', 'loopDelayP99Ms')} ms yardstick`,
    ...(isPinned() ? [] : ['client not on a core of its own']),
  ];
}

function wrongOf(rounds: readonly Round[]): string[] {
  return rounds.flatMap(({ ours, yardstick }) => [
    ...(allRight(ours.counts) ? [] : [verdictsOf(ours.counts)]),
    ...(allRight(yardstick.counts) ? [] : [`yardstick: ${verdictsOf(yardstick.counts)}`]),
  ]);
}

/** What is remembered of a host's certificate helps from its second check on; what the first one costs is said too. */
async function newHostsRatio(stage: Stage, target: Target, { what }: Cost): Promise<string[]> {
  if (target.newHosts === null) return [];
  stage.progress(`${what}: hosts never seen before`);
  const strange = { ...target, origins: target.newHosts };
  const ours = await runOurs(stage, strange, { work: { kind: 'closed', loop: NEW_HOSTS_LOOP } });
  const yardstick = await runYardstick(stage, strange, NEW_HOSTS_LOOP);
  const wrong = wrongOf([{ ours, yardstick }]);
  const ratio = ratioOf({ ours, yardstick }).toFixed(3);
  return [`first check of each host ${ratio} (one round, ${ours.cpuUsPerCheck.toFixed(0)} µs)`, ...wrong];
}

async function profileOf(stage: Stage, target: Target, { what, loop, keyword }: Cost): Promise<string> {
  stage.progress(`${what}: profile`);
  const profiles = join(stage.folder, `profile-${what.replace(/\W+/g, '-')}`);
  await mkdir(profiles);
  await runOurs(stage, target, {
    work: { kind: 'closed', loop },
    profiles,
    ...(keyword === undefined ? {} : { keyword }),
  });
  return `busiest: ${describeSelfTimes(topSelfTimes(await busiestProfile(profiles), SHOWN_FUNCTIONS))}`;
}
