import { describe, expect, it, onTestFinished } from 'vitest';
import { startSite } from '../../test/kit/site.ts';
import type { EndpointId } from '../domain/ids.ts';
import { NO_OVERRIDES } from '../domain/probe-plan.ts';
import { EVERY_SITE, scoped } from '../domain/site-scope.ts';
import { loadConfig } from './config.ts';
import { lookWithoutEngine } from './look-without-engine.ts';

const ALL_CHECKS = { disabledChecks: async () => [] };
const NEVER = new AbortController().signal;
const endpointAt = (url: string) => ({
  endpointId: scoped(EVERY_SITE, 1n as EndpointId),
  url,
  timeoutSeconds: 5,
  plan: NO_OVERRIDES,
});

describe('a look without a server', () => {
  it('tells what is there, and books nothing', async () => {
    const site = await startSite();
    onTestFinished(() => site.stop());
    const look = lookWithoutEngine(loadConfig({ EGRESS_ALLOW: '127.0.0.0/8' }).config, ALL_CHECKS);
    const [one, other] = await Promise.all([
      look(endpointAt(site.url), NEVER, EVERY_SITE),
      look(endpointAt(site.url), NEVER, EVERY_SITE),
    ]);
    for (const found of [one, other]) {
      expect(found).toMatchObject({ isBooked: false, closed: [], observation: { httpCode: 200 } });
    }
    site.behave({ kind: 'status', code: 503 });
    expect(await look(endpointAt(site.url), NEVER, EVERY_SITE)).toMatchObject({ observation: { httpCode: 503 } });
  });

  it('stays behind the guard, and ends when nobody waits for it', async () => {
    const site = await startSite();
    onTestFinished(() => site.stop());
    const guarded = await lookWithoutEngine(loadConfig({}).config, ALL_CHECKS)(endpointAt(site.url), NEVER, EVERY_SITE);
    expect(guarded?.observation).toMatchObject({ httpCode: null });
    expect(site.requests()).toBe(0);
    expect(
      await lookWithoutEngine(loadConfig({}).config, ALL_CHECKS)(endpointAt(site.url), AbortSignal.abort(), EVERY_SITE),
    ).toBeNull();
  });
});
