import { describe, expect, it, vi } from 'vitest';
import { startApi } from '../../test/kit/api.ts';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo } from '../../test/kit/store.ts';
import type { SiteId } from '../domain/ids.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Appended } from '../store/append/append-input.ts';
import type { Change } from '../store/changes.ts';
import type { EventStore } from '../store/events.ts';
import { createSite } from './create-site.ts';
import { deleteSite } from './delete-site.ts';
import type { ServiceDeps } from './deps.ts';
import { findSite } from './find-site.ts';
import { siteStates } from './site-states.ts';
import { updateSite } from './update-site.ts';

const POLICY = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
const OUTAGE = [{ op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' }] as const;

/** A store, what it told the bus, and one site with an open outage. */
async function troubledSite() {
  const deps = await startApi();
  const site = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://a.example/' });
  await deps.events.append(appendTo(site.first, OUTAGE));
  const heard: Change[] = [];
  deps.changes.subscribe((change) => heard.push(change));
  return { deps, siteId: site.siteId, first: site.first, heard };
}

describe('the rules of a site', () => {
  it('are followed where it is shown, as they are where its state is logged', async () => {
    const { deps, siteId, first } = await troubledSite();
    const other = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://other.example/' });
    await deps.events.append(appendTo(other.first, OUTAGE));
    const rules = JSON.stringify({ site_checks: { http: { mode: 'cap:Degraded' } } });
    const row = { blog_id: siteId, rules, updated_at: 1 };
    await deps.database.kysely.insertInto('jetmon_site_rollup_rules').values(row).execute();
    await deps.events.append(appendTo(first, [{ op: 'promote', state: 'Down', reason: 'local_confirmed' }]));
    expect((await findSite(deps, EVERY_SITE, siteId)).rolledUp).toMatchObject({ state: 'Degraded', severity: 2 });
    const states = await siteStates(deps, EVERY_SITE, [siteId, other.siteId]);
    expect([...states]).toEqual([
      [siteId, 'Degraded'],
      [other.siteId, 'Seems Down'],
    ]);
    const [logged] = await deps.eventQueries.list(EVERY_SITE, {
      siteId,
      checkTypes: ['site_state'],
      active: true,
      limit: 2,
    });
    expect(logged).toMatchObject({ state: 'Degraded', severity: 2 });
  });
});

describe('a new URL', () => {
  it('closes what was open on the old one, because that is not looked at any more', async () => {
    const { deps, siteId, heard } = await troubledSite();
    heard.length = 0;
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { url: 'https://elsewhere.example/' });
    const [event] = await deps.eventQueries.list(EVERY_SITE, { siteId, limit: 10 });
    expect(event).toMatchObject({ resolutionReason: 'manual_override' });
    expect(heard.map((change) => change.kind)).toEqual(['committed', 'site_state', 'site_changed']);
    expect(await brokenInvariants(deps.database)).toEqual([]);
  });

  it('that is the old one closes nothing', async () => {
    const { deps, siteId } = await troubledSite();
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { url: 'https://A.example' });
    expect((await findSite(deps, EVERY_SITE, siteId)).openEvents).toHaveLength(1);
  });
});

describe('pausing', () => {
  it('closes every open event of the site, whichever check found it', async () => {
    const { deps, siteId, first, heard } = await troubledSite();
    const advisory = appendTo(first, [{ op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' }]);
    const wholeSite = { ...advisory.identity, endpointId: null, checkType: 'rdap', discriminator: 'expiry:soon' };
    await deps.events.append({ ...advisory, identity: { ...advisory.identity, checkType: 'tls_expiry' } });
    await deps.events.append({ ...advisory, opId: 'another', identity: wholeSite });
    expect((await findSite(deps, EVERY_SITE, siteId)).openEvents).toHaveLength(3);
    heard.length = 0;
    const paused = await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: false });
    expect(paused).toMatchObject({ active: false, openEvents: [], rolledUp: { state: 'Paused' } });
    expect(heard.map((change) => change.kind)).toEqual([
      'committed',
      'committed',
      'committed',
      'site_state',
      'site_changed',
    ]);
    expect(await brokenInvariants(deps.database)).toEqual([]);
  });

  it('is one transaction: when it fails, the outage is as open as before and nobody hears of it', async () => {
    const { deps, siteId, heard } = await troubledSite();
    const failing = { ...deps.events, appendWithin: () => Promise.reject(new Error('disk full')) };
    const attempt = updateSite({ ...deps, events: failing }, POLICY, EVERY_SITE, siteId, {
      active: false,
      bucketNo: 9,
    });
    await expect(attempt).rejects.toThrow('disk full');
    expect(await findSite(deps, EVERY_SITE, siteId)).toMatchObject({
      active: true,
      first: { bucketNo: 0 },
      openEvents: [{}],
    });
    expect(heard).toEqual([]);
  });

  it('may be repeated without a further trace', async () => {
    const { deps, siteId } = await troubledSite();
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: false });
    await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: false });
    const [event] = await deps.eventQueries.list(EVERY_SITE, { siteId, limit: 10 });
    expect(event).toMatchObject({ resolutionReason: 'manual_override', transitionCount: 2 });
  });

  it.each([
    ['pausing', (deps: ServiceDeps, siteId: SiteId) => updateSite(deps, POLICY, EVERY_SITE, siteId, { active: false })],
    ['removing', (deps: ServiceDeps, siteId: SiteId) => deleteSite(deps, POLICY, EVERY_SITE, siteId)],
  ])('lets nothing open behind it: %s, a finding that waits for its turn is refused', async (_, stopWatching) => {
    const { deps, siteId, first } = await troubledSite();
    const finding = {
      ...appendTo(first, OUTAGE, { onlyWhileWatching: { url: first.url } }),
      identity: { siteId, endpointId: first.endpointId, checkType: 'tls_expiry', discriminator: null },
    };
    let found: Promise<Appended> | null = null;
    const appendWithin: EventStore['appendWithin'] = (...args) => {
      // By now the rows of the site are changed, and nobody else gets at them before the commit.
      found ??= deps.events.append(finding);
      return deps.events.appendWithin(...args);
    };
    await stopWatching({ ...deps, events: { ...deps.events, appendWithin } }, siteId);
    expect(await found).toMatchObject({ refused: 'not_watched', open: null });
    expect((await findSite(deps, EVERY_SITE, siteId)).openEvents).toEqual([]);
    expect(await deps.eventQueries.list(EVERY_SITE, { siteId, limit: 10 })).toHaveLength(1);
    expect(await brokenInvariants(deps.database)).toEqual([]);
  });

  it('leaves the legacy status alone where it is not projected', async () => {
    const { deps, siteId, first } = await troubledSite();
    await updateSite(deps, { ...POLICY, projectStatus: false }, EVERY_SITE, siteId, { active: false });
    expect((await deps.endpoints.byId(EVERY_SITE, first.endpointId))?.legacyStatus).toBe(0);
  });
});

describe('removing', () => {
  it('tells the bus after the commit, events first', async () => {
    const { deps, siteId, first, heard } = await troubledSite();
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    expect(heard).toMatchObject([
      { kind: 'committed', open: null },
      { kind: 'site_state', transition: { stateAfter: 'Paused' } },
      { kind: 'site_changed', siteId, endpointIds: [first.endpointId], change: 'removed' },
    ]);
  });

  it('keeps the instant of the first removal, and is taken back as a site that is new to those who list', async () => {
    const { deps, siteId, heard } = await troubledSite();
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    const { removedAtMs } = await findSite(deps, EVERY_SITE, siteId);
    expect(removedAtMs).not.toBeNull();
    deps.clock.move(60_000);
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    expect(await findSite(deps, EVERY_SITE, siteId)).toMatchObject({ removedAtMs });
    heard.length = 0;
    const back = await updateSite(deps, POLICY, EVERY_SITE, siteId, { active: true });
    expect(back).toMatchObject({ active: true, removedAtMs: null, openEvents: [] });
    expect(heard.slice(1)).toMatchObject([{ kind: 'site_changed', siteId, change: 'created' }]);
  });

  it('is about the whole site: one endpoint that is added later brings the site back', async () => {
    const { deps, siteId } = await troubledSite();
    await deleteSite(deps, POLICY, EVERY_SITE, siteId);
    const more = await createSite(deps, POLICY, EVERY_SITE, { siteId, url: 'https://a.example/more' });
    expect(more).toMatchObject({ active: true, removedAtMs: null });
    expect(more.endpoints.map((endpoint) => endpoint.active)).toEqual([true]);
  });
});

describe('creating', () => {
  it('makes one site when two ask for the same URL at once', async () => {
    const deps = await startApi();
    const both = await Promise.allSettled(
      ['https://a.example', 'https://A.example/'].map((url) =>
        createSite(deps, POLICY, EVERY_SITE, { siteId: null, url }),
      ),
    );
    expect(both.map((each) => each.status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(await deps.endpoints.all(EVERY_SITE)).toHaveLength(1);
  });

  it('takes the largest id there is', async () => {
    const deps = await startApi();
    const siteId = (2n ** 63n - 1n) as SiteId;
    expect((await createSite(deps, POLICY, EVERY_SITE, { siteId, url: 'https://a.example/' })).siteId).toBe(siteId);
    expect((await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://b.example/' })).siteId).toBe(1n);
  });
});

describe('a site with several endpoints', () => {
  it('shows a Warning while only an endpoint other than its first is failing, and that endpoint as it is', async () => {
    const deps = await startApi();
    const { siteId } = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://a.example/' });
    const { endpoints } = await createSite(deps, POLICY, EVERY_SITE, { siteId, url: 'https://a.example/feed' });
    for (const feed of endpoints.slice(1)) await deps.events.append(appendTo(feed, OUTAGE));
    const site = await findSite(deps, EVERY_SITE, siteId);
    expect(site.rolledUp).toMatchObject({ state: 'Warning', severity: 1, eventId: site.openEvents[0]?.eventId });
    expect(site.endpoints[1]?.rolledUp.state).toBe('Seems Down');
  });
});

describe('a look that is too old', () => {
  async function upSite() {
    const deps = await startApi();
    const { siteId, first } = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://a.example/' });
    deps.record(first);
    const states = async () => ({
      found: (await findSite(deps, EVERY_SITE, siteId)).rolledUp.state,
      listed: (await siteStates(deps, EVERY_SITE, [siteId])).get(siteId),
    });
    return { deps, first, states };
  }

  it('makes the site Unknown until it is looked at again', async () => {
    const { deps, first, states } = await upSite();
    deps.clock.move(2 * 300_000);
    expect(await states()).toEqual({ found: 'Up', listed: 'Up' });
    deps.clock.move(31_000);
    expect(await states()).toEqual({ found: 'Unknown', listed: 'Unknown' });
    deps.record(first);
    expect(await states()).toEqual({ found: 'Up', listed: 'Up' });
  });

  it('does not hide what is open', async () => {
    const { deps, first, states } = await upSite();
    await deps.events.append(appendTo(first, OUTAGE));
    deps.clock.move(24 * 3_600_000);
    expect(await states()).toEqual({ found: 'Seems Down', listed: 'Seems Down' });
  });
});

describe('siteStates', () => {
  it('asks once for the endpoints of all sites', async () => {
    const { deps, siteId } = await troubledSite();
    const other = await createSite(deps, POLICY, EVERY_SITE, { siteId: null, url: 'https://b.example/' });
    const asked = [vi.spyOn(deps.endpoints, 'bySites'), vi.spyOn(deps.endpoints, 'bySite')];
    expect((await siteStates(deps, EVERY_SITE, [siteId, other.siteId])).size).toBe(2);
    expect(asked.map((spy) => spy.mock.calls.length)).toEqual([1, 0]);
  });

  it('speaks of the sites that exist, each once', async () => {
    const { deps, siteId } = await troubledSite();
    const states = await siteStates(deps, EVERY_SITE, [siteId, siteId, 4_000n as SiteId]);
    expect([...states]).toEqual([[siteId, 'Seems Down']]);
  });
});
