import { describe, expect, it } from 'vitest';
import { failing, testEngine, up } from '../../../test/kit/engine.ts';
import { DEFAULT_PLAN, type ProbePlan, type ProbePlanOverrides } from '../../domain/probe-plan.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';

const SLACK = 100;
const SERVER: ProbePlan = { ...DEFAULT_PLAN, method: 'HEAD', profile: 'legacy' };
const CANARY = 'canary-77c0';

async function watching(plan: Partial<ProbePlanOverrides>, script = up) {
  const bench = await testEngine({ parts: { plan: SERVER } });
  const endpoint = await bench.store.addEndpoint();
  await bench.store.endpoints.update(EVERY_SITE, endpoint.endpointId, { plan });
  bench.prober.script(script);
  await bench.engine.start();
  await bench.run(SLACK);
  return { ...bench, endpoint, lastPlan: () => bench.prober.jobs.at(-1)?.job.plan };
}

describe('the plan of a job', () => {
  it('is none where the endpoint wants what the server does anyway', async () => {
    const nothing = await watching({});
    expect(nothing.lastPlan()).toBeNull();
    const same = await watching({ method: 'HEAD', profile: 'legacy', redirects: 'follow', http2: false });
    expect(same.lastPlan()).toBeNull();
  });

  it('is what the endpoint wants over what the server does', async () => {
    const { lastPlan } = await watching({
      profile: 'full',
      redirects: 'fail',
      keyword: 'Welcome',
      forbiddenKeyword: 'Fatal',
      forbiddenKeywords: ['Error'],
      headers: [['X-Token', CANARY]],
    });
    expect(lastPlan()).toEqual({
      ...SERVER,
      profile: 'full',
      redirects: 'fail',
      keyword: 'Welcome',
      forbiddenKeywords: ['Fatal', 'Error'],
      headers: [['X-Token', CANARY]],
    });
  });

  it('follows a change at once', async () => {
    const { store, endpoint, changed, run, lastPlan } = await watching({ keyword: 'Welcome' });
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, {
      plan: { keyword: null, expectedStatus: [[401, 401]] },
    });
    await changed(endpoint);
    await run(SLACK);
    expect(lastPlan()).toEqual({ ...SERVER, expectedStatus: [[401, 401]] });
    await store.endpoints.update(EVERY_SITE, endpoint.endpointId, { plan: { expectedStatus: null } });
    await changed(endpoint);
    await run(SLACK);
    expect(lastPlan()).toBeNull();
  });

  it('leaves no secret in what is stored of an outage', async () => {
    const { store, endpoint, run } = await watching({ headers: [['X-Token', CANARY]] }, failing);
    await run(60_000);
    const [event] = await store.queries.list(EVERY_SITE, { siteId: endpoint.siteId, limit: 10 });
    const transitions =
      event === undefined ? [] : await store.queries.transitions(EVERY_SITE, event.eventId, { limit: 100 });
    expect(transitions.length).toBeGreaterThan(0);
    const stored = transitions.map(({ metadata }) => metadata);
    expect(JSON.stringify([event?.metadata, stored])).not.toContain(CANARY);
  });
});
