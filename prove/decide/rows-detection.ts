/** Sites that fail and recover at random moments: how soon that is known, said for sure, and over. */
import { cp, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Authority, createAuthority, type ServerIdentity } from '../../test/kit/certificates.ts';
import { type Site, startSite } from '../../test/kit/site.ts';
import type { Folder, Row } from '../rows.ts';
import { seconds } from '../statistics.ts';
import { type LogReader, openLog, type Step } from './log-reader.ts';
import { type Product, startProduct, withVerifiers } from './product.ts';
import { type Stutter, stutter } from './stutter.ts';

const INTERVAL_MS = 20_000;
const TIMEOUT_MS = 10_000;
/** So many that the mean of a uniform wait is known to a few percent. */
const SITES_PER_KIND = { prove: 40, long: 50 };
/** Machines that stall like this make a look of ten seconds meet a pause for certain. */
const STALLS: Stutter = { everyMs: 3_000, forMs: 300 };
const SITES_PER_KIND_STALLED = 30;
/** By how much such pauses move the end of a look of ten seconds at most: five of them, and a second (ADR 11). */
const STALLED_LOOK_MS = 3_000;
const ONSETS_WITHIN_MS = { prove: 80_000, long: 240_000 };
/** Healthy ones, looked at every second, beside which so many failures are no reason to suspect ourselves. */
const HEALTHY_SITES = 150;
const HELD_AT_MOST_MS = 90_000;
const VERIFIERS = 3;
const DAY_MS = 86_400_000;
const LOOK_EVERY_MS = 100;

/** For sites that speak TLS. */
type Identities = { good: ServerIdentity; expired: ServerIdentity } | null;
type Kind = 'refused' | 'reset' | 'status 503' | 'bad certificate' | 'hang';

const FAIL: Readonly<Record<Kind, (site: Site, identities: Identities) => unknown>> = {
  refused: (site) => site.close(),
  reset: (site) => site.behave({ kind: 'reset', at: 'connect' }),
  'status 503': (site) => site.behave({ kind: 'status', code: 503 }),
  'bad certificate': (site, identities) => identities && site.present(identities.expired),
  hang: (site) => site.behave({ kind: 'hang', at: 'request' }),
};

const RECOVER: Readonly<Record<Kind, (site: Site, identities: Identities) => unknown>> = {
  refused: (site) => site.reopen(),
  reset: (site) => site.behave({ kind: 'up' }),
  'status 503': (site) => site.behave({ kind: 'up' }),
  'bad certificate': (site, identities) => identities && site.present(identities.good),
  hang: (site) => site.behave({ kind: 'up' }),
};

const KINDS = Object.keys(FAIL) as Kind[];

/** One outage: real moments, and when the log says it knew; ms since the epoch, NaN for never. */
type Outage = {
  kind: Kind;
  failedMs: number;
  openedMs: number;
  downMs: number;
  recoveredMs: number;
  closedMs: number;
  /** What the log says of it, in order. */
  story: readonly Step[];
};

/** `falseAlarms`: healthy sites of which something was told. */
type Played = { outages: readonly Outage[]; falseAlarms: number };

export const DETECTION_ROWS: readonly Row<Folder>[] = [
  {
    what: `failures at random moments, ${VERIFIERS} verifiers, interval ${INTERVAL_MS / 1000} s: first known, confirmed, over`,
    goal: 'opened: mean ≤ 0.55 interval, max ≤ interval + timeout + 2 s; Down ≤ 15 s later (a hang: + timeout); closed: mean ≤ 20 s, max ≤ 35 s',
    waits: true,
    measure: async (place) => judged(await outages(place, sizeIn(place), null), 0),
  },
  {
    what: `the same on machines that all stand still for ${STALLS.forMs / 1000} s every ${STALLS.everyMs / 1000} s`,
    goal: `the same, but a hang up to ${STALLED_LOOK_MS / 1000} s later each time; no healthy site told`,
    waits: true,
    measure: async (place) => judged(await outages(place, SITES_PER_KIND_STALLED, STALLS), STALLED_LOOK_MS),
  },
];

function sizeIn({ long }: Folder): number {
  return long ? SITES_PER_KIND.long : SITES_PER_KIND.prove;
}

async function outages(place: Folder, size: number, stalls: Stutter | null): Promise<Played> {
  const authority = await createAuthority('Detection CA');
  // Two rows of this kind run at the same time, each with an authority of its own.
  const ca = join(place.folder, `ca-${crypto.randomUUID()}.pem`);
  await writeFile(ca, authority.caPem);
  const sites = await Promise.all(
    KINDS.flatMap((kind, group) =>
      Array.from({ length: size }, (_, nth) => startOne(kind, group * size + nth, authority)),
    ),
  );
  const healthy = await startSite({ address: '127.255.0.1' });
  try {
    return await withVerifiers(place, VERIFIERS, { CHECK_CA_FILE: ca }, async (entries, verifiers) => {
      const product = await startProduct(place, {
        config: {
          MIN_CHECK_INTERVAL_SECONDS: 1,
          NET_COMMS_TIMEOUT: TIMEOUT_MS / 1000,
          EGRESS_ALLOW: ['127.0.0.0/8'],
          CHECK_CA_FILE: ca,
          VERIFIERS: entries,
        },
      });
      const log = openLog(product.dataDir);
      const following = followLog(log);
      const steady = stalls === null ? () => {} : stutter([product, ...verifiers], stalls);
      try {
        const played = await play(product, sites, healthy, following.of, place);
        if (played.outages.some(wasNotTold)) place.progress(`one was never told: see ${await keptAside(product)}`);
        return played;
      } finally {
        steady();
        following.stop();
        await product.stop();
      }
    });
  } finally {
    await Promise.all([healthy, ...sites.map(({ site }) => site)].map((site) => site.stop()));
  }
}

async function play(
  { client }: Product,
  sites: readonly Started[],
  healthy: Site,
  stepsOf: (siteId: number) => readonly Step[],
  { long, signal, progress }: Folder,
): Promise<Played> {
  const watched: (Started & { siteId: number })[] = [];
  const well: number[] = [];
  for (let nth = 0; nth < HEALTHY_SITES; nth += 1) {
    const added = await client.sites.create({ monitor_url: `${healthy.url}${nth}`, check_interval_seconds: 1 });
    well.push(Number(added.id));
  }
  for (const one of sites) {
    const added = await client.sites.create({
      monitor_url: one.site.url,
      check_interval_seconds: INTERVAL_MS / 1000,
    });
    watched.push({ ...one, siteId: Number(added.id) });
  }
  // Each is looked at once before anything happens to it.
  await delay(INTERVAL_MS, undefined, { signal });
  const within = long ? ONSETS_WITHIN_MS.long : ONSETS_WITHIN_MS.prove;
  let over = 0;
  const outages = await Promise.all(
    watched.map(async (one) => {
      await delay(Math.random() * within, undefined, { signal });
      const outage = await oneOutage(one, () => stepsOf(one.siteId), signal);
      over += 1;
      progress(`${over} of ${watched.length} outages over`);
      return outage;
    }),
  );
  return { outages, falseAlarms: well.filter((siteId) => stepsOf(siteId).length > 0).length };
}

type Started = { kind: Kind; site: Site; identities: Identities };

/** Each in a network of its own. */
async function startOne(kind: Kind, nth: number, authority: Authority): Promise<Started> {
  const address = `127.${nth + 1}.0.1`;
  if (kind !== 'bad certificate') return { kind, site: await startSite({ address }), identities: null };
  const addresses = [address];
  const past = (days: number) => new Date(Date.now() - days * DAY_MS);
  const identities = {
    good: await authority.issue({ addresses }),
    expired: await authority.issue({ addresses, notBefore: past(60), notAfter: past(2) }),
  };
  return { kind, site: await startSite({ address, identity: identities.good }), identities };
}

async function oneOutage(
  { kind, site, identities }: Started,
  steps: () => readonly Step[],
  signal: AbortSignal,
): Promise<Outage> {
  const before = steps().length;
  const find = (wanted: (step: Step) => boolean) => steps().slice(before).find(wanted)?.changedAtMs ?? Number.NaN;
  const until = async (wanted: (step: Step) => boolean): Promise<number> => {
    const untilMs = performance.now() + HELD_AT_MOST_MS;
    while (Number.isNaN(find(wanted)) && performance.now() < untilMs) await delay(LOOK_EVERY_MS, undefined, { signal });
    return find(wanted);
  };
  await FAIL[kind](site, identities);
  const failedMs = Date.now();
  const downMs = await until(({ stateAfter }) => stateAfter === 'Down');
  // Any moment between two looks.
  await delay(Math.random() * INTERVAL_MS, undefined, { signal });
  await RECOVER[kind](site, identities);
  const recoveredMs = Date.now();
  const closedMs = await until(
    ({ stateAfter, changedAtMs }) => stateAfter === 'Resolved' && changedAtMs >= recoveredMs,
  );
  const openedMs = find(({ reason }) => reason === 'opened');
  return { kind, failedMs, openedMs, downMs, recoveredMs, closedMs, story: steps().slice(before) };
}

function followLog(log: LogReader): { of(siteId: number): readonly Step[]; stop(): void } {
  const steps = new Map<number, Step[]>();
  const timer = setInterval(() => {
    for (const step of log.next()) {
      const known = steps.get(step.siteId);
      if (known === undefined) steps.set(step.siteId, [step]);
      else known.push(step);
    }
  }, LOOK_EVERY_MS);
  return {
    of: (siteId) => steps.get(siteId) ?? [],
    stop() {
      clearInterval(timer);
      log.close();
    },
  };
}

/** `stalledMs`: by how much pauses may prolong a look at a site that hangs. */
function judged({ outages, falseAlarms }: Played, stalledMs: number) {
  const hard = outages.filter(({ kind }) => kind !== 'hang');
  const hangs = outages.filter(({ kind }) => kind === 'hang');
  const untold = outages.filter(wasNotTold).length;
  const opened = hard.map(({ failedMs, openedMs }) => openedMs - failedMs);
  const confirmed = hard.map(({ openedMs, downMs }) => downMs - openedMs);
  const openedHangs = hangs.map(({ failedMs, openedMs }) => openedMs - failedMs);
  const confirmedHangs = hangs.map(({ openedMs, downMs }) => downMs - openedMs);
  const closed = outages.map(({ recoveredMs, closedMs }) => closedMs - recoveredMs);
  const goals: readonly [figures: readonly number[], meanMs: number, maxMs: number][] = [
    [opened, 0.55 * INTERVAL_MS, INTERVAL_MS + TIMEOUT_MS + 2_000],
    [openedHangs, Number.POSITIVE_INFINITY, INTERVAL_MS + TIMEOUT_MS + 2_000 + stalledMs],
    [confirmed, Number.POSITIVE_INFINITY, 15_000],
    // A last retry, and what verifiers take.
    [confirmedHangs, Number.POSITIVE_INFINITY, 15_000 + TIMEOUT_MS + 2 * stalledMs],
    [closed, 20_000, 35_000],
  ];
  const shown = (figures: readonly number[]) => `${seconds(mean(figures))}, max ${seconds(Math.max(...figures))}`;
  return {
    measured: `opened: mean ${shown(opened)}; Down ${shown(confirmed)} later (hangs ${shown(confirmedHangs)}); closed: mean ${shown(closed)}`,
    held:
      falseAlarms === 0 &&
      goals.every(([figures, meanMs, maxMs]) => mean(figures) <= meanMs && Math.max(...figures) <= maxMs),
    detail: `beside ${HEALTHY_SITES} healthy ones, ${falseAlarms} of them told, ${hard.length} sites refuse, reset, answer 503 or show an expired certificate, ${hangs.length} hang (opened after ${shown(openedHangs)}); one outage each, ${untold} never told; the slowest confirmed: ${storyOf(slowest(hard))}; ${storyOf(slowest(hangs))}`,
  };
}

function wasNotTold({ openedMs }: Outage): boolean {
  return Number.isNaN(openedMs);
}

/** What the server kept of an outage is all there is to learn why nobody heard of it. */
async function keptAside({ dataDir }: Product): Promise<string> {
  const aside = await mkdtemp(join(tmpdir(), 'jetmon2-untold-'));
  await cp(dataDir, aside, { recursive: true });
  return aside;
}

function slowest(outages: readonly Outage[]): Outage | undefined {
  const lastedMs = ({ openedMs, downMs }: Outage) =>
    Number.isNaN(downMs) ? Number.POSITIVE_INFINITY : downMs - openedMs;
  return outages.toSorted((a, b) => lastedMs(b) - lastedMs(a))[0];
}

/** What was written, and how long after the failure. */
function storyOf(outage: Outage | undefined): string {
  if (outage === undefined) return 'none';
  const told = outage.story.map(({ changedAtMs, reason }) => `${seconds(changedAtMs - outage.failedMs)} ${reason}`);
  return `${outage.kind}: ${told.join(', ')}`;
}

function mean(figures: readonly number[]): number {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}
