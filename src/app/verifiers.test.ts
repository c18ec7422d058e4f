/** Verifiers over a change of the configuration. Those of this file lie over real sockets; canaries come when they come. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { startVerifier } from '../../test/kit/verifier.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { TroubleName } from '../engine/gate/operator-events.ts';
import { systemClock } from '../lib/clock.ts';
import type { ProbeResult } from '../prober/prober.ts';
import { silentLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { VerifierOptions } from '../verifier/server.ts';
import { loadConfig } from './config.ts';
import { createSettings } from './settings.ts';
import { verifierStatus } from './status-parts.ts';
import { createVerifiers } from './verifiers.ts';

const NEVER = new AbortController().signal;

/** A prober that finds every site in this state. */
function finds(state: 'Up' | 'Seems Down'): VerifierOptions['createProber'] {
  return (_, onResults) => {
    const nothing = { httpCode: null, address: null, certificateExpiresAtMs: null, evidence: null };
    const verdict = { check: 'http', state, reason: state === 'Up' ? 'ok' : 'tcp_refused', summary: '' } as const;
    const observation = { startedAtMs: 0, timings: { total: 1 }, verdicts: [verdict], ...nothing };
    return {
      submit: (jobs) => void setImmediate(() => onResults(jobs.map(({ id }): ProbeResult => ({ id, observation })))),
      inFlight: () => 0,
      stats: () => ({ threads: 0, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 }),
      drain: async () => {},
      stop: async () => {},
    };
  };
}

const liarAmongThree = (at: number) => finds(at === 0 ? 'Seems Down' : 'Up');

/** A prober that never comes back with anything. */
const hangs: VerifierOptions['createProber'] = () => ({
  submit: () => {},
  inFlight: () => 0,
  stats: () => ({ threads: 0, running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 }),
  drain: async () => {},
  stop: async () => {},
});

async function verifiersUnderTest(createProber: (at: number) => VerifierOptions['createProber'] = liarAmongThree) {
  const tokens = ['token-of-the-liar', 'token-of-b', 'token-of-c'];
  const started = await Promise.all(
    tokens.map((token, at) => startVerifier({ authTokens: [token, 'the-next-one'], createProber: createProber(at) })),
  );
  const members = started.map(({ port }, at) => ({
    ...{ name: 'abc'[at], host: '127.0.0.1', port, auth_token: tokens[at] },
  }));
  const env = { VERIFIERS: JSON.stringify(members) };
  const settings = createSettings({
    loaded: loadConfig(env),
    read: () => loadConfig(env),
    clock: systemClock,
    log: silentLog,
  });
  const metrics = createMetrics();
  const open = new Set<TroubleName>();
  const verifiers = createVerifiers({
    settings,
    trouble: { raise: (name) => void open.add(name), calm: (name) => void open.delete(name) },
    knownUp: () => null,
    log: silentLog,
    metrics,
  });
  onTestFinished(() => verifiers.stop());
  let endpoints = 0n;
  const question = { siteId: 1n as SiteId, timeoutMs: 5_000, plan: null, mayHang: false };
  return {
    verifiers,
    /** The verifiers that a metric speaks of. */
    hosts: (wanted: string) =>
      metrics.read().flatMap(({ name, series }) => (name === wanted ? series.map(({ labels }) => labels['host']) : [])),
    open,
    members,
    reload(changed: readonly object[]) {
      env.VERIFIERS = JSON.stringify(changed);
      return settings.reload().changed;
    },
    ask() {
      endpoints += 1n;
      return verifiers.ask({ ...question, endpointId: endpoints as EndpointId, url: 'http://127.0.0.1/' }, NEVER);
    },
    of: (name: string) => verifierStatus(verifiers.report().verifiers).find((one) => one.name === name),
  };
}

describe('what is known of a verifier', () => {
  it('outlives a reload where name and address stay, its quarantine with it, and is gone with another address', async () => {
    const { verifiers, members, open, reload, ask, of } = await verifiersUnderTest();
    // The votes of who is late are counted when they come.
    for (let at = 0; at < 100 && of('a')?.quarantined !== true; at += 1) await ask();
    const before = of('a');
    expect(before).toMatchObject({ quarantined: true, quarantined_since: expect.stringMatching(/^\d{4}-.*Z$/) });
    expect(before?.quarantined_why).toContain('that the others found up');
    expect(before?.votes.confirm_down).toBeGreaterThanOrEqual(20);
    expect([...open]).toEqual(['verifier_quarantined:a']);

    const [a = {}, b = {}, c = {}] = members;
    expect(reload([{ ...a, auth_token: 'the-next-one', region: 'elsewhere' }, b, c])).toEqual(['VERIFIERS']);
    expect(of('a')).toEqual({ ...before, region: 'elsewhere' });
    expect([...open]).toEqual(['verifier_quarantined:a']);
    const { votes } = await ask();
    expect(votes.find(({ verifier }) => verifier === 'a')).toMatchObject({ quarantined: true });

    reload([{ ...a, host: 'localhost' }, b, c]);
    expect(of('a')).toMatchObject({ quarantined: false, quarantined_why: null, quarantined_since: null, score: null });
    expect(of('b')?.votes.disagree).toBeGreaterThanOrEqual(20);
    expect([...open]).toEqual([]);
    expect(verifiers.report().verifiers).toHaveLength(3);
  });
});

describe('a reload that changes verifiers', () => {
  it('asks those that come about what those that go had not answered, at once', async () => {
    const { verifiers, members, reload, ask } = await verifiersUnderTest((at) => (at === 0 ? finds('Up') : hangs));
    const [good = {}, b = {}, c = {}] = members;
    let changes = 0;
    verifiers.onChange?.(() => {
      changes += 1;
    });
    const asked = ask();
    await eventually('only those that hang are awaited', () =>
      verifiers.report().verifiers.every(({ inFlight, isAnswering }) => inFlight > 0 || isAnswering),
    );
    reload([good]);
    expect(await asked).toMatchObject({ outcome: 'refuted', regions: 1 });
    reload([good, b, c]);
    expect(changes).toBe(2);
  });

  it('leaves no numbers of a verifier that is gone, and counts one that is new', async () => {
    const { members, hosts, reload, ask } = await verifiersUnderTest();
    await ask();
    const PER_HOST = ['verifier_asked', 'verifier_rpc', 'verifier_rpc_duration'];
    const named = () => new Set(PER_HOST.flatMap(hosts));
    await eventually('all three are counted', () => named().size === 3);
    const [a = {}, b = {}, c = {}] = members;
    reload([a, b, { ...c, name: 'd' }]);
    await ask();
    await eventually('the new one is counted', () => named().has('d'));
    expect([...named()].sort()).toEqual(['a', 'b', 'd']);
  });
});
