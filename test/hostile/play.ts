/** Plays one draw against a prober and says, in words, wherever verdict, evidence or cost are not what the class wants. */
import { renderObservation } from '../../src/cli/check-report.ts';
import type { Evidence } from '../../src/domain/evidence.ts';
import { DEFAULT_PLAN, type ProbePlan } from '../../src/domain/probe-plan.ts';
import type { Observation } from '../../src/domain/verdict.ts';
import { escapeControl } from '../../src/lib/escape.ts';
import { createTestProbe, type TestProbe } from '../kit/probe.ts';
import type { DrawnClass } from './corpus.ts';
import { type Served, serveDraw } from './draw.ts';
import {
  type Budget,
  DEFAULT_BUDGET,
  type Expected,
  type HostileClass,
  RESOLVER_PROFILES,
  type ResolverProfile,
} from './hostile-class.ts';
import type { HostileKit } from './hostile-kit.ts';

/** Probes with the settings that the kit names for `resolvers`, evidence included. */
export type HostileProbe = (job: HostileJob) => Promise<Observation>;
export type HostileJob = { url: string; timeoutMs: number; plan: ProbePlan; resolvers: ResolverProfile };

export type Played = {
  id: string;
  seed: number;
  /** Empty when all was as it should be. */
  disagreements: string[];
  observation: Observation;
};

/** Bound on the evidence of one probe, as JSON: what is stored with an event has room for it and for more. */
const MAX_EVIDENCE_BYTES = 49_152;

/** Probes in this thread. */
export function createHostileProbe(kit: HostileKit): HostileProbe {
  const probes = new Map<ResolverProfile, TestProbe>();
  for (const profile of RESOLVER_PROFILES) probes.set(profile, createTestProbe(kit.settings(profile)));
  return async ({ url, timeoutMs, plan, resolvers }) => {
    const chosen = probes.get(resolvers);
    if (chosen === undefined) throw new TypeError(`there is no probe for ${resolvers}`);
    return chosen(url, timeoutMs, plan);
  };
}

/** Where a machine was too busy for a short deadline, it is not for one this many times as long. */
const PATIENCE = 5;

/** Plays again where it may have gone wrong for want of CPU: before a short deadline, or before the end of a body. */
export async function playDraw(kit: HostileKit, probe: HostileProbe, drawn: DrawnClass): Promise<Played> {
  const { timeoutMs } = drawn.one;
  const played = await playOnce(kit, probe, drawn, timeoutMs);
  if (played.disagreements.length === 0) return played;
  if (timeoutMs !== undefined) return playOnce(kit, probe, drawn, timeoutMs * PATIENCE);
  const isOutOfTime = played.observation.evidence?.body?.stopped_by === 'time_budget';
  return isOutOfTime ? playOnce(kit, probe, drawn) : played;
}

async function playOnce(
  kit: HostileKit,
  probe: HostileProbe,
  { one, seed }: DrawnClass,
  timeoutMs?: number,
): Promise<Played> {
  const served = await serveDraw(kit, one, seed, timeoutMs);
  try {
    const observation = await probe(jobOf(one, served));
    return { id: one.id, seed, disagreements: disagreementsOf(one, served, observation), observation };
  } finally {
    await served.close();
  }
}

/** A draw that went wrong, for whoever must find out why. */
export function inWords({ id, seed, disagreements, observation }: Played): string {
  const { verdicts, evidence } = observation;
  const said = verdicts.map(({ check, summary }) => `${check}: ${escapeControl(summary)}`);
  return [
    `${id}, seed ${seed}`,
    ...disagreements.map((one) => `  ${one}`),
    ...said.map((one) => `  it said of ${one}`),
    `  its error was ${JSON.stringify(evidence?.error ?? null)}`,
    `  to see it: node test/hostile/play-one.ts ${id} ${seed}`,
  ].join('\n');
}

export function jobOf(one: HostileClass, { url, timeoutMs }: Pick<Served, 'url' | 'timeoutMs'>): HostileJob {
  return { url, timeoutMs, plan: { ...DEFAULT_PLAN, ...one.plan }, resolvers: one.resolvers ?? 'scripted' };
}

/** What is not as the class wants it. */
export function disagreementsOf(
  one: HostileClass,
  { expected, traffic, violations }: Pick<Served, 'expected' | 'traffic' | 'violations'>,
  observation: Observation,
): string[] {
  const { evidence } = observation;
  const budget: Budget = { ...DEFAULT_BUDGET, ...one.budget };
  return [
    ...violations,
    ...verdictFaults(expected, observation),
    ...(evidence === null ? ['there is no evidence'] : evidenceFaults(expected, evidence)),
    ...above('bytes of body read', evidence?.body?.bytes_read ?? 0, budget.bodyBytes),
    ...above('bytes sent by the server', traffic.sentBytes, budget.sentBytes),
    // A run that a pause of ours made void was made again.
    ...above('connections', traffic.connections, budget.connections * (1 + (evidence?.voided_runs ?? 0))),
    ...above('bytes of evidence', Buffer.byteLength(JSON.stringify(evidence)), MAX_EVIDENCE_BYTES),
    ...timingFaults(observation),
    ...reportFaults(observation),
  ];
}

function verdictFaults(expected: Expected, { verdicts, httpCode }: Observation): string[] {
  const wanted = { http: expected.reason, ...expected.also };
  const faults = Object.entries(wanted).flatMap(([check, reason]) => {
    const verdict = verdicts.find((one) => one.check === check);
    return differs(`verdict of ${check}`, reason, verdict?.reason ?? null);
  });
  const state = verdicts.find((one) => one.check === 'http')?.state ?? null;
  return [
    ...faults,
    ...differs('state', expected.state, state),
    ...(expected.httpCode === undefined ? [] : differs('http code', expected.httpCode, httpCode)),
  ];
}

function evidenceFaults(expected: Expected, { error, body, hops }: Evidence): string[] {
  const faults: string[] = [];
  if (expected.error !== null) {
    faults.push(...differs('phase of the error', expected.error.phase, error?.phase ?? null));
    faults.push(...differs('code of the error', expected.error.code, error?.code ?? null));
  } else if (expected.state === 'Up') {
    faults.push(...differs('code of the error', null as never, error?.code ?? null));
  }
  for (const [key, value] of Object.entries(expected.body ?? {})) {
    faults.push(...differs(`body ${key}`, value as Wanted, (body?.[key as keyof typeof body] ?? null) as Scalar));
  }
  const tls = hops.at(-1)?.tls ?? null;
  for (const [key, value] of Object.entries(expected.tls ?? {})) {
    faults.push(...differs(`TLS ${key}`, value as Wanted, (tls?.[key as keyof typeof tls] ?? null) as Scalar));
  }
  if (expected.hops !== undefined) faults.push(...differs('hops', expected.hops, hops.length));
  return faults;
}

function timingFaults({ timings, evidence }: Observation): string[] {
  const all = [timings, ...(evidence?.hops ?? []).map((hop) => hop.timings_ms)];
  return all
    .flatMap((one) => Object.entries(one))
    .filter(([, ms]) => !(ms >= 0))
    .map(([phase, ms]) => `the phase ${phase} took ${ms} ms`);
}

/** Colours of our own are the only control characters that may reach a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how a colour begins
const COLOUR = /\x1b\[\d{1,2}m/g;

function reportFaults(observation: Observation): string[] {
  const report = renderObservation(observation.evidence?.url ?? '', observation);
  const shown = report.replaceAll(COLOUR, '').replaceAll('\n', '');
  const faults = escapeControl(shown) === shown ? [] : ['the report holds control characters'];
  const blank = observation.verdicts.find(({ summary }) => /\{[a-z_]+\}/.test(summary));
  return blank === undefined ? faults : [...faults, `a sentence has a gap: ${blank.summary}`];
}

type Scalar = string | number | boolean | null;
type Wanted = Scalar | readonly Scalar[];

function differs(what: string, wanted: Wanted, found: Scalar): string[] {
  const isAsWanted = Array.isArray(wanted) ? wanted.includes(found) : wanted === found;
  return isAsWanted ? [] : [`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];
}

function above(what: string, found: number, most: number): string[] {
  return found > most ? [`${found} ${what}, more than ${most}`] : [];
}
