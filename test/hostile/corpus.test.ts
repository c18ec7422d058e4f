import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { openSockets } from '../kit/open-sockets.ts';
import { HOSTILE_CLASSES } from './corpus.ts';
import { type HostileKit, openHostileKit } from './hostile-kit.ts';
import { createHostileProbe, type HostileProbe, inWords, type Played, playDraw } from './play.ts';

/** Enough draws that a class which depends on its seed shows it; `npm run prove -- prober` plays thousands. */
const SEEDS = [1, 2, 3];

const socketsBefore = openSockets();
let kit: HostileKit;
let probe: HostileProbe;

beforeAll(async () => {
  kit = await openHostileKit();
  probe = createHostileProbe(kit);
});

afterAll(() => kit.stop());

it('the corpus holds each class once, and enough of them', () => {
  const ids = HOSTILE_CLASSES.map(({ id }) => id);
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  expect(ids.length).toBeGreaterThanOrEqual(120);
  for (const id of ids) expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
});

describe.concurrent('a server that', () => {
  it.for(HOSTILE_CLASSES)('$what ($id)', async (one) => {
    const played: Played[] = [];
    for (const seed of SEEDS) played.push(await playDraw(kit, probe, { one, seed }));
    const wrong = played.filter(({ disagreements }) => disagreements.length > 0);
    if (wrong.length > 0) throw new Error(wrong.map(inWords).join('\n'));
  });
});

describe('all of them together', () => {
  it('get no connection to where the guard must let nothing through', () => {
    expect(kit.forbiddenConnections()).toBe(0);
  });

  it('leave no socket open', async () => {
    await kit.stop();
    // The DNS client waits a moment for a sign of life of a resolver that was silent.
    await eventually('every socket is closed', () => (openSockets() ?? 0) <= (socketsBefore ?? 0), { limitMs: 10_000 });
  });
});
