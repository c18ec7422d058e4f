import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestProbe, type TestProbe } from '../kit/probe.ts';
import { HOSTILE_CLASSES } from './corpus.ts';
import type { ResolverProfile } from './hostile-class.ts';
import { type HostileKit, openHostileKit } from './hostile-kit.ts';
import { type HostileProbe, type Played, playDraw } from './play.ts';

/** Enough draws that a class which depends on its seed shows it; `npm run prove -- prober` plays thousands. */
const SEEDS = [1, 2, 3];
const PROFILES: readonly ResolverProfile[] = ['scripted', 'closed', 'silent', 'first_closed'];

let kit: HostileKit;
let probe: HostileProbe;

beforeAll(async () => {
  kit = await openHostileKit();
  const probes = new Map<ResolverProfile, TestProbe>();
  for (const profile of PROFILES) probes.set(profile, createTestProbe(kit.settings(profile)));
  probe = async ({ url, timeoutMs, plan, resolvers }) => {
    const chosen = probes.get(resolvers);
    if (chosen === undefined) throw new TypeError(`there is no probe for ${resolvers}`);
    return chosen(url, timeoutMs, plan);
  };
});

afterAll(async () => {
  await kit.stop();
});

describe('the corpus', () => {
  it('holds classes of all families, each once', () => {
    const ids = HOSTILE_CLASSES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(120);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it('reaches nothing that the guard must keep from it', () => {
    expect(kit.forbiddenConnections()).toBe(0);
  });
});

describe.concurrent('a server that', () => {
  it.for(HOSTILE_CLASSES)('$what ($id)', { timeout: 60_000 }, async (one, { expect: expectOf }) => {
    const played: Played[] = [];
    for (const seed of SEEDS) played.push(await playDraw(kit, probe, { one, seed }));
    const wrong = played.filter(({ disagreements }) => disagreements.length > 0);
    expectOf(wrong.map(({ seed, disagreements }) => ({ seed, disagreements }))).toEqual([]);
  });
});
