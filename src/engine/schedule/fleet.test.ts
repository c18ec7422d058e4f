import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../../test/kit/store.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { DEFAULT_PLAN, NO_OVERRIDES } from '../../domain/probe-plan.ts';
import { nextOnPhase, phaseMs } from '../../domain/schedule.ts';
import { EVERY_SITE, scoped } from '../../domain/site-scope.ts';
import { BEFORE_ALL } from '../../store/fleet-rows.ts';
import { createFleet, MARK, type Watched } from './fleet.ts';
import { createJobs } from './jobs.ts';

const DEFAULTS = { timeoutMs: 10_000, plan: DEFAULT_PLAN };

function watched(id: number | bigint, change: Partial<Watched> = {}): Watched {
  return {
    endpointId: scoped(EVERY_SITE, BigInt(id) as EndpointId),
    siteId: (BigInt(id) * 10n) as SiteId,
    url: `https://site-${id}.example/`,
    intervalSeconds: 300,
    timeoutSeconds: null,
    plan: NO_OVERRIDES,
    maintenance: null,
    ...change,
  };
}

describe('the fleet', () => {
  it('holds what it was given, and the place of each in its interval', () => {
    const fleet = createFleet(DEFAULTS);
    const id = 2n ** 62n + 1n;
    const slot = fleet.add(watched(id, { timeoutSeconds: 3, intervalSeconds: 604_800 }));
    expect(fleet.find(id as EndpointId)).toBe(slot);
    expect(fleet.endpointId(slot)).toBe(id);
    expect(fleet.siteId(slot)).toBe(BigInt.asIntN(64, id * 10n));
    expect(fleet.url(slot)).toBe(`https://site-${id}.example/`);
    expect(fleet.intervalMs(slot)).toBe(604_800_000);
    expect(fleet.timeoutMs(slot)).toBe(3_000);
    expect(fleet.plan(slot)).toBeNull();
    const nowMs = 1_800_000_000_123;
    const phase = phaseMs(id, 604_800_000);
    expect(fleet.untilNextCheck(slot, nowMs)).toBe(nextOnPhase(nowMs, 604_800_000, phase) - nowMs);
  });

  it('takes the time-out of the server and no less than a second between checks where a row says otherwise', () => {
    const fleet = createFleet(DEFAULTS);
    const slot = fleet.add(watched(1, { intervalSeconds: 0 }));
    expect(fleet.timeoutMs(slot)).toBe(10_000);
    expect(fleet.intervalMs(slot)).toBe(1_000);
    expect(fleet.checksPerSecond()).toBe(1);
  });

  it('keeps a plan only for those that want one, and forgets it with them', () => {
    const fleet = createFleet(DEFAULTS);
    const slot = fleet.add(watched(1, { plan: { ...NO_OVERRIDES, keyword: 'Welcome' } }));
    expect(fleet.plan(slot)).toEqual({ ...DEFAULT_PLAN, keyword: 'Welcome' });
    fleet.mark(slot, MARK.urgent, true);
    fleet.remove(slot);
    expect(fleet.add(watched(2))).toBe(slot);
    expect(fleet.plan(slot)).toBeNull();
    expect(fleet.has(slot, MARK.urgent)).toBe(false);
  });

  it('is what a map of objects would be, whatever comes and goes', () => {
    const step = fc.record({ id: fc.nat(20), seconds: fc.integer({ min: 1, max: 600 }), length: fc.nat(60) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
        const fleet = createFleet(DEFAULTS);
        const model = new Map<number, Watched>();
        for (const { id, seconds, length } of steps) {
          const url = `https://${'x'.repeat(length)}.example/`;
          if (model.delete(id)) fleet.remove(fleet.find(BigInt(id) as EndpointId));
          else {
            model.set(id, watched(id, { intervalSeconds: seconds, url }));
            fleet.add(watched(id, { intervalSeconds: seconds, url }));
          }
          expect(fleet.size()).toBe(model.size);
        }
        let perSecond = 0;
        for (const [id, entry] of model) {
          const slot = fleet.find(BigInt(id) as EndpointId);
          expect(fleet.isUsed(slot)).toBe(true);
          expect(fleet.url(slot)).toBe(entry.url);
          expect(fleet.siteId(slot)).toBe(entry.siteId);
          perSecond += 1 / entry.intervalSeconds;
        }
        expect(fleet.checksPerSecond()).toBeCloseTo(perSecond, 9);
        const used = Array.from({ length: fleet.extent() }, (_, slot) => slot).filter(fleet.isUsed);
        expect(used).toHaveLength(model.size);
      }),
    );
  });
});

describe('a row of the registry', () => {
  it('is taken in as the endpoint it describes, and told from every change of it', async () => {
    const { addEndpoint, endpoints, fleetRows } = await temporaryStore();
    const { endpointId } = await addEndpoint({ url: 'https://a.example/' });
    const fleet = createFleet(DEFAULTS);
    const slot = fleet.addRow(await fleetRows.page(BEFORE_ALL, 10), 0);
    const isAsIn = async () => fleet.isAsIn(await fleetRows.page(BEFORE_ALL, 10), 0, slot);
    expect(await isAsIn()).toBe(true);
    const changes = [
      { url: 'https://b.example/' },
      { intervalSeconds: 61 },
      { timeoutSeconds: 3 },
      { plan: { keyword: 'Welcome' } },
    ];
    for (const change of changes) {
      const before = await endpoints.byId(EVERY_SITE, endpointId);
      await endpoints.update(EVERY_SITE, endpointId, change);
      expect(await isAsIn()).toBe(false);
      await endpoints.update(EVERY_SITE, endpointId, {
        url: before?.url ?? '',
        intervalSeconds: 60,
        timeoutSeconds: null,
      });
      await endpoints.update(EVERY_SITE, endpointId, { plan: { keyword: null } });
      expect(await isAsIn()).toBe(true);
    }
  });
});

describe('a job', () => {
  it('is claimed once, and not for whoever has its slot by then', () => {
    const fleet = createFleet(DEFAULTS);
    const jobs = createJobs(fleet);
    const slot = fleet.add(watched(1));
    const first = jobs.jobFor(slot, 10_000).id;
    expect(jobs.claim(first)).toBe(slot);
    expect(jobs.claim(first)).toBe(-1);
    const second = jobs.jobFor(slot, 10_000).id;
    expect(jobs.revoke(slot)).toBe(1);
    fleet.remove(slot);
    expect(fleet.add(watched(2))).toBe(slot);
    const third = jobs.jobFor(slot, 10_000).id;
    expect(new Set([first, second, third]).size).toBe(3);
    expect(jobs.claim(second)).toBe(-1);
    expect(jobs.claim(third)).toBe(slot);
    expect(jobs.claim(12_345_678_901)).toBe(-1);
  });
});
