/** What verifiers said of a failure stands beside its event, whether it settled anything or not. */

import { describe, expect, it } from 'vitest';
import { verification } from '../../../test/kit/decisions.ts';
import { failing, gatedStore, testEngine, up, watchingEngine } from '../../../test/kit/engine.ts';
import { verifiers } from '../../../test/kit/fleet-engine.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import type { Outcome, Vote } from '../../domain/verification.ts';
import { listAudit } from '../../store/audit.ts';

const MINUTE = 60_000;

function vote(verifier: string, says: Vote['says'], reason: string): Vote {
  const rest = { httpCode: null, errorCode: 1, failureClass: null, rttMs: 12, tookMs: 20, quarantined: false };
  return { verifier, region: verifier.slice(0, 2), says, reason, ...rest };
}

/** An engine with verifiers who say what the test wants them to. */
async function asking(outcome: Outcome) {
  const gated = await gatedStore();
  const says = { outcome, votes: [vote('eu-1', 'none', 'verifier_silent'), vote('us-1', 'down', 'tcp_refused')] };
  const { parts, asked } = verifiers(() => ({ ...verification(says.outcome), votes: says.votes }));
  const bench = await watchingEngine({ store: gated.store, parts });
  /** Appends that keep an answer. */
  const kept = () => gated.appends.filter((input) => input.verification).length;
  const falsePositives = () => bench.store.db.kysely.selectFrom('jetmon_false_positives').selectAll().execute();
  return { ...bench, parts, asked, says, kept, falsePositives };
}

const only = <T>(list: readonly T[]): T => {
  if (list.length !== 1) throw new Error(`there are ${list.length}, not one`);
  return list[0] as T;
};

describe('an answer that settles nothing', () => {
  it('makes the event unverified, with who said what, and writes no transition', async () => {
    const { prober, run, allEvents } = await asking('no_verdict');
    prober.script(failing);
    await run(6_000);
    const event = only(await allEvents());
    expect(event).toMatchObject({ state: 'Seems Down', transitionCount: 1, verification: { outcome: 'unverified' } });
    expect(event.verification?.evidence?.verifier_results).toMatchObject([
      { host: 'eu-1', says: 'none', reason: 'verifier_silent', took_ms: 20 },
      { host: 'us-1', says: 'down', reason: 'tcp_refused', rtt_ms: 12 },
    ]);
  });

  it('and comes again is written after a minute, two and four more, and at once when it says something else', async () => {
    const { prober, run, allEvents, asked, kept, says } = await asking('no_verdict');
    prober.script(failing);
    await run(10 * MINUTE);
    expect(asked.length).toBeGreaterThan(15);
    expect(kept()).toBe(4);
    const { verification: before } = only(await allEvents());
    says.votes = [vote('eu-1', 'up', 'ok'), vote('us-1', 'none', 'verifier_busy')];
    const written = kept();
    await run(50_000);
    expect(kept()).toBe(written + 1);
    const { verification: after, transitionCount } = only(await allEvents());
    expect(after?.evidence?.verifier_results).toMatchObject([{ says: 'up' }, { reason: 'verifier_busy' }]);
    expect(after?.atMs).toBeGreaterThan(before?.atMs ?? 0);
    expect(transitionCount).toBe(1);
  }, 30_000);

  it('stands after a restart, until there is a verdict', async () => {
    const { prober, run, engine, store, clock, says, parts, ...bench } = await asking('no_verdict');
    prober.script(failing);
    await run(MINUTE);
    await engine.stop();
    clock.advance(MINUTE);
    const second = await testEngine({ store, clock, parts });
    second.prober.script(failing);
    await second.engine.start();
    expect(only(await bench.allEvents()).verification?.outcome).toBe('unverified');
    says.outcome = 'confirmed';
    await second.run(MINUTE);
    expect(only(await bench.allEvents())).toMatchObject({ state: 'Down', verification: { outcome: 'confirmed' } });
  });

  it('because regions differ is the newest that they said', async () => {
    const { prober, run, allEvents, says } = await asking('regional');
    prober.script(failing);
    await run(10_000);
    expect(only(await allEvents())).toMatchObject({ state: 'Degraded', verification: { outcome: 'regional' } });
    says.votes = [vote('eu-1', 'down', 'tcp_timeout'), vote('us-1', 'up', 'ok')];
    await run(50_000);
    const { verification: newest, transitionCount } = only(await allEvents());
    expect(newest?.evidence?.verifier_results).toMatchObject([{ reason: 'tcp_timeout' }, { says: 'up' }]);
    expect(transitionCount).toBe(2);
  });
});

describe('what is refuted', () => {
  it('is a false positive, with who said what, though nobody was told of it', async () => {
    const { prober, run, allEvents, falsePositives, endpoint, store } = await asking('refuted');
    prober.script(() => failing().map((one) => ({ ...one, shape: 'name', reason: 'dns_nxdomain' })));
    await run(10_000);
    expect(await allEvents()).toEqual([]);
    const row = only(await falsePositives());
    expect(row).toMatchObject({ blog_id: endpoint.siteId, endpoint_id: endpoint.endpointId, check_type: 'http' });
    expect(JSON.parse(row.evidence ?? '{}')).toMatchObject({
      verifier_outcome: 'refuted',
      verifier_results: [{ host: 'eu-1' }, { host: 'us-1' }],
    });
    const filter = { siteId: endpoint.siteId, sinceMs: 0, untilMs: Number.MAX_SAFE_INTEGER, limit: 9 };
    const noted = only(await listAudit(store.db.kysely, EVERY_SITE, filter));
    expect(noted).toMatchObject({ eventType: 'alert_suppressed', metadata: { verifier_results: [{}, {}] } });
  });

  it('says so on the event that it closes', async () => {
    const { prober, run, allEvents, falsePositives } = await asking('refuted');
    prober.script(failing);
    await run(6_000);
    const event = only(await allEvents());
    expect(event).toMatchObject({ resolutionReason: 'false_alarm', verification: { outcome: 'refuted' } });
    expect(await falsePositives()).toHaveLength(1);
  });

  it('is nothing when it is over already', async () => {
    const { prober, run, falsePositives, asked } = await asking('refuted');
    prober.script(failing);
    await run(1_000);
    prober.script(up);
    await run(MINUTE);
    expect(asked).toEqual([]);
    expect(await falsePositives()).toEqual([]);
  });
});
