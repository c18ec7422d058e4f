/** The panel that a configuration asks for, over real sockets: verifiers with probers of their own, and a site. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { startSite } from '../../test/kit/site.ts';
import { closedPort } from '../../test/kit/tcp-server.ts';
import { startVerifier } from '../../test/kit/verifier.ts';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { Verification } from '../domain/verification.ts';
import type { Confirm } from '../engine/judge/confirm.ts';
import { silentLog } from '../telemetry/log.ts';
import { loadConfig } from './config.ts';
import { createConfirm } from './confirm.ts';

const TOKEN = 'a-secret-of-the-tests';
/** Nobody withdraws anything. */
const NEVER = new AbortController().signal;

function confirmFor(verifiers: readonly object[]) {
  const { config } = loadConfig({ VERIFIERS: JSON.stringify(verifiers) });
  const panel = createConfirm(config, { log: silentLog, onQuarantine: () => {}, knownUp: () => null });
  onTestFinished(() => panel.stop());
  // What the engine asks through.
  const confirm: Confirm = panel;
  return { confirm, panel };
}

const memberAt = (name: string, port: number, auth_token = TOKEN) => ({ name, host: '127.0.0.1', port, auth_token });

function questionFor(url: string) {
  return { siteId: 1n as SiteId, endpointId: 2n as EndpointId, url, timeoutMs: 5_000, plan: null };
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
    const { confirm, panel } = confirmFor([memberAt('eu', eu.port), memberAt('us', us.port)]);
    expect(confirm.isConfigured).toBe(true);
    const down = await confirm.ask(questionFor(site.url), NEVER);
    expect(down).toMatchObject({ outcome: 'confirmed', quorum: 2, regions: 2, downRegions: ['eu', 'us'] });
    expect(down.votes[0]).toMatchObject({ says: 'down', httpCode: 503, failureClass: 'server' });
    site.behave({ kind: 'up', body: 'here' });
    expect(await confirm.ask(questionFor(site.url), NEVER)).toMatchObject({ outcome: 'refuted', downRegions: [] });
    expect(panel.report().verifiers.map(({ isAnswering }) => isAnswering)).toEqual([true, true]);
  });

  it('has no verdict where one of two cannot be reached or does not know us: the quorum stays two', async () => {
    const site = await startSite({ behaviour: { kind: 'status', code: 503 } });
    onTestFinished(site.stop);
    const { port } = await startVerifier({ authTokens: [TOKEN] });
    const nobody = confirmFor([memberAt('eu', port), memberAt('us', await closedPort())]).confirm;
    const alone = await nobody.ask(questionFor(site.url), NEVER);
    expect(alone.outcome).toBe('no_verdict');
    expect(saysOf(alone)).toMatchObject({ us: 'none unreachable' });
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
