/** Sites in networks, an uplink and a gate before them: who can be reached is the test's to say, and looks take their time. */
import { onTestFinished } from 'vitest';
import type { FailedLook, GateReason, Judgement } from '../../src/domain/gate.ts';
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import type { FailureShape } from '../../src/domain/verdict.ts';
import { createGate, type GateParts } from '../../src/engine/gate/gate.ts';
import { createFakeClock } from './fake-clock.ts';

export type WorldSite = {
  id: EndpointId;
  address: string | null;
  isUp: boolean;
  shape: FailureShape;
  intervalMs: number;
  /** How long it takes to answer. */
  rttMs: number;
};

/** A failed look, what became of it, and whether the site was in truth well all the while. */
export type Judged = { site: WorldSite; atMs: number; judgement: Judgement; wasUp: boolean };

const RTT_MS = 80;
const SILENT_MS = 10_000;

/** Marks of targets that are all watched. */
export function marksOf(): GateParts['counted'] {
  const marked = new Set<EndpointId>();
  return {
    has: (id) => marked.has(id),
    set(id, isSet) {
      if (isSet) marked.add(id);
      else marked.delete(id);
      return true;
    },
  };
}

export function gateWorld(options: { hasVerifiers?: boolean; references?: GateParts['references'] } = {}) {
  const clock = createFakeClock();
  const sites = new Map<EndpointId, WorldSite>();
  const looking = new Map<EndpointId, Promise<Judgement | null>>();
  /** Endpoints on which something is open. */
  const open = new Set<EndpointId>();
  const judged: Judged[] = [];
  const raised: string[] = [];
  const calmed: string[] = [];
  const suspects: { ids: EndpointId[]; reason: GateReason }[] = [];
  const asked: EndpointId[] = [];
  /** Whether our own network lets a site through, and how it fails when not. */
  const uplink = { lets: (_site: WorldSite): boolean => true, shape: 'silent' as FailureShape };
  /** Waits after a look that brought no verdict. */
  const again = { ms: 15_000 };
  const scheduled = new Set<EndpointId>();

  // No two readings of a real clock are the same.
  let readings = 0;
  const moving = {
    ...clock,
    monotonicMs() {
      readings += 1;
      return clock.monotonicMs() + readings / 1_000_000;
    },
  };
  const gate = createGate({
    clock: moving,
    trouble: { raise: (name) => raised.push(name), calm: (name) => calmed.push(name) },
    counted: marksOf(),
    hasVerifiers: () => options.hasVerifiers ?? false,
    references: options.references ?? null,
    lookNow(ids) {
      asked.push(...ids);
      for (const id of ids) void look(id);
      return ids.filter((id) => sites.has(id));
    },
    onSuspects: (ids, reason) => suspects.push({ ids: [...ids], reason }),
  });
  onTestFinished(() => gate.stop());

  /** The look that is under way, or a new one. Resolves with null when it ends well. */
  function look(id: EndpointId): Promise<Judgement | null> {
    const site = sites.get(id);
    if (site === undefined) return Promise.resolve(null);
    const underWay = looking.get(id) ?? begin(site);
    looking.set(id, underWay);
    return underWay;
  }

  /** It ends well only when the site is up, and it is let through at both ends of the look. */
  function begin(site: WorldSite): Promise<Judgement | null> {
    const startedAtMonoMs = clock.monotonicMs();
    const letOut = uplink.lets(site);
    const wasUp = site.isUp;
    const { promise, resolve } = Promise.withResolvers<Judgement | null>();
    function end(passed: boolean, shape: FailureShape): void {
      looking.delete(site.id);
      if (!passed) {
        void judge({ site, startedAtMonoMs, shape, wasUp: wasUp && site.isUp }).then(resolve);
        return;
      }
      open.delete(site.id);
      const { id, address } = site;
      gate.passed({ endpointId: id, address, startedAtMonoMs, endedAtMonoMs: clock.monotonicMs() });
      resolve(null);
    }
    const giveUp = (afterMs: number) => clock.after(afterMs, () => end(false, 'silent'));
    if ((letOut ? site.shape : uplink.shape) === 'silent' && !(letOut && site.isUp)) giveUp(SILENT_MS);
    else
      clock.after(site.rttMs, () => {
        if (letOut && uplink.lets(site)) end(site.isUp, site.shape);
        else if (uplink.shape === 'silent') giveUp(SILENT_MS - site.rttMs);
        else end(false, uplink.shape);
      });
    return promise;
  }

  type Failed = { site: WorldSite; startedAtMonoMs: number; shape: FailureShape; wasUp: boolean };

  async function judge({ site, startedAtMonoMs, shape, wasUp }: Failed): Promise<Judgement> {
    const judgement = await gate.judge(failure(site, { startedAtMonoMs, shape }));
    if (judgement.kind === 'believe') open.add(site.id);
    judged.push({ site, atMs: clock.monotonicMs(), judgement, wasUp });
    return judgement;
  }

  function failure(site: WorldSite, some: Partial<FailedLook> = {}): FailedLook {
    return {
      endpointId: site.id,
      siteId: site.id as bigint as SiteId,
      address: site.address,
      shape: site.shape,
      startedAtMonoMs: clock.monotonicMs(),
      isOnset: !open.has(site.id),
      ...some,
    };
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
  }

  return {
    ...{ clock, gate, sites, judged, raised, calmed, suspects, asked, uplink, again, look, failure, settle },
    /** A site; `address` null: its name has none. */
    site(address: string | null, some: Partial<WorldSite> = {}): WorldSite {
      const id = BigInt(sites.size + 1) as EndpointId;
      const made = {
        id,
        address,
        isUp: true,
        shape: 'silent' as FailureShape,
        intervalMs: 60_000,
        rttMs: RTT_MS,
        ...some,
      };
      sites.set(id, made);
      return made;
    },
    /** Looks at all of them, in their rounds, for so long; failed ones again as the engine does. */
    async run(ms: number) {
      for (const site of sites.values()) if (!scheduled.has(site.id)) schedule(site);
      for (let left = ms; left > 0; left -= 100) {
        clock.advance(Math.min(100, left));
        await settle();
      }
    },
    /** Judgements since then. */
    since: (atMs: number) => judged.filter((one) => one.atMs >= atMs),
  };

  function schedule(site: WorldSite): void {
    scheduled.add(site.id);
    const phase = (Number(site.id) * 7919) % site.intervalMs;
    const round = (waitMs: number) => {
      clock.after(waitMs, () => {
        void look(site.id).then((judgement) => {
          const soon = judgement === null ? site.intervalMs : Math.min(again.ms, site.intervalMs);
          round(soon);
        });
      });
    };
    round(phase);
  }
}
