/** The panel that a configuration asks for, over real sockets: verifiers with probers of their own, and a site. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { startSite } from '../../test/kit/site.ts';
import { closedPort } from '../../test/kit/tcp-server.ts';
import { startVerifier } from '../../test/kit/verifier.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { Verification } from '../domain/verification.ts';
import type { Confirm } from '../engine/judge/confirm.ts';
import { silentLog } from '../telemetry/log.ts';
import type { MetricName } from '../telemetry/metric-names.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import { createStatsd } from '../telemetry/statsd.ts';
import { loadConfig } from './config.ts';
import { createConfirm } from './confirm.ts';
import { verifierHostMetrics, verifierMetrics } from './detection-metrics.ts';

const TOKEN = 'a-secret-of-the-tests';
/** Nobody withdraws anything. */
const NEVER = new AbortController().signal;

function confirmFor(verifiers: readonly object[]) {
  const { config } = loadConfig({ VERIFIERS: JSON.stringify(verifiers) });
  const metrics = createMetrics();
  const panel = createConfirm(config, { log: silentLog, metrics, onQuarantine: () => {}, knownUp: () => null });
  verifierMetrics(metrics, panel.report);
  verifierHostMetrics(metrics, panel.report);
  onTestFinished(() => panel.stop());
  // What the engine asks through.
  const confirm: Confirm = panel;
  const counted = (wanted: MetricName) =>
    metrics
      .read()
      .flatMap(({ name, kind, series }) =>
        name !== wanted || kind === 'timer' ? [] : series.map(({ labels, value }) => [...Object.values(labels), value]),
      )
      .sort();
  return { confirm, panel, metrics, counted };
}

const memberAt = (name: string, port: number, auth_token = TOKEN) => ({ name, host: '127.0.0.1', port, auth_token });

function statsdLines(metrics: Metrics): string[] {
  const lines: string[] = [];
  createStatsd({ metrics, prefix: 'x.', memory: () => false, send: (line) => lines.push(line) }).flush();
  return lines;
}

function questionFor(url: string) {
  return { siteId: 1n as SiteId, endpointId: 2n as EndpointId, url, timeoutMs: 5_000, plan: null, mayHang: false };
}

function saysOf({ votes }: Verification): Record<string, string> {
  return Object.fromEntries(votes.map(({ verifier, says, reason }) => [verifier, `${says} ${reason}`]));
}

describe('the panel of a configuration', () => {
  it('hears what its verifiers see, and decides by its quorum', async () => {
    const site = await startSite({ behaviour: { kind: 'status', code: 503 } });
    onTestFinished(site.stop);
    const [eu, us] = await Promise.all([
      startVerifier({ authTokens: [TOKEN] }),
      startVerifier({ authTokens: [TOKEN] }),
    ]);
    const { confirm, panel, metrics, counted } = confirmFor([memberAt('eu', eu.port), memberAt('us', us.port)]);
    expect(confirm.isConfigured).toBe(true);
    const down = await confirm.ask(questionFor(site.url), NEVER);
    expect(down).toMatchObject({ outcome: 'confirmed', quorum: 2, regions: 2, downRegions: ['eu', 'us'] });
    expect(down.votes[0]).toMatchObject({ says: 'down', httpCode: 503, failureClass: 'server' });
    site.behave({ kind: 'up', body: 'here' });
    expect(await confirm.ask(questionFor(site.url), NEVER)).toMatchObject({ outcome: 'refuted', downRegions: [] });
    expect(panel.report().verifiers.map(({ isAnswering }) => isAnswering)).toEqual([true, true]);
    // Each question of its own, as they came one after the other.
    expect(counted('verifier_rpc')).toEqual([
      ['eu', 'success', 2],
      ['us', 'success', 2],
    ]);
    const line = /^x\.verifier\.(host\.us\.)?rpc\.(duration:[\d.]+\|ms|success\.count:[24]\|c)$/;
    expect(statsdLines(metrics).filter((one) => line.test(one))).toHaveLength(4);
    expect(counted('verifier_asked')).toEqual([
      ['eu', 2],
      ['us', 2],
    ]);
    expect(counted('verifier_unanswered')).toEqual([]);
  });

  it('has no verdict where one of two cannot be reached or does not know us: the quorum stays two', async () => {
    const site = await startSite({ behaviour: { kind: 'status', code: 503 } });
    onTestFinished(site.stop);
    const { port } = await startVerifier({ authTokens: [TOKEN] });
    const nobody = confirmFor([memberAt('eu', port), memberAt('us', await closedPort())]);
    const alone = await nobody.confirm.ask(questionFor(site.url), NEVER);
    expect(alone.outcome).toBe('no_verdict');
    expect(saysOf(alone)).toMatchObject({ us: 'none unreachable' });
    // Counted when the other has spoken, too, though the outcome stood before.
    await eventually('the silence is counted', () => nobody.counted('verifier_unanswered').length > 0);
    expect(nobody.counted('verifier_unanswered')).toEqual([['us', 'unreachable', 1]]);
    expect(nobody.counted('verifier_rpc')).toContainEqual(['us', 'unreachable', 1]);
    expect(statsdLines(nobody.metrics)).toContain('x.verifier.rpc.error.count:1|c');
    const other = await startVerifier({ authTokens: [TOKEN] });
    const stranger = confirmFor([memberAt('eu', port), memberAt('us', other.port, 'not-its-secret')]).confirm;
    const refused = await stranger.ask(questionFor(site.url), NEVER);
    expect(refused.outcome).toBe('no_verdict');
    expect(saysOf(refused)).toMatchObject({ us: 'none unauthorized' });
  });

  it('is not configured without verifiers', () => {
    expect(confirmFor([]).confirm.isConfigured).toBe(false);
  });
});
