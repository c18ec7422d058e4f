/** The program is killed outright at any moment and started again: nothing is lost, nothing is there twice. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ApiError } from '../../src/client/api-error.ts';
import { openDatabase } from '../../src/store/database.ts';
import { brokenInvariants } from '../kit/broken-invariants.ts';
import { eventually } from '../kit/eventually.ts';
import { oldNode } from '../kit/old-node.ts';
import { isAlive, rowsOf, type Server, serverForTest, temporaryPlace } from '../kit/program.ts';
import { seeded, seedOf } from '../kit/seeded.ts';
import { type Site, startSite } from '../kit/site.ts';

const ROUNDS = 12;
const DOWN = { kind: 'status', code: 500 } as const;
const UP = { kind: 'up' } as const;

/** A transition that the API told somebody about. */
type Told = { id: string; event_id: string; seq: number; state_after: string | null; reason: string };

describe('a server that is killed outright', () => {
  it(`starts again at least ${ROUNDS} times on the same data folder and keeps every transition it told of, once`, async () => {
    const { folder, dataDir } = temporaryPlace();
    const seed = seedOf('kill -9 at random moments');
    const moment = seeded(seed);
    const env = { NUM_OF_CHECKS: '2' };
    const flapping = await Promise.all([siteForTest(), siteForTest(), siteForTest()]);
    const steady = await siteForTest();
    const told = new Map<string, Told>();

    let server = await serverForTest({ folder, env });
    const [steadyId = 0] = await watch(server, [steady, ...flapping]);
    steady.behave(DOWN);
    await eventually('the steady site has an event', () => openEvents(dataDir, steadyId).length === 1);
    const [steadyEvent] = openEvents(dataDir, steadyId);

    const flaps = flap(flapping, seeded(seed + 1));
    // On a busy machine a round may end before anything is told: then there is one more.
    for (let round = 1; round <= ROUNDS || told.size <= ROUNDS; round++) {
      const ears = listen(server, told);
      await delay(100 + moment() * 1_200);
      await server.end('SIGKILL');
      await ears.stop();
      server = await serverForTest({ folder, env });
    }
    await flaps.stop();
    for (const site of [steady, ...flapping]) site.behave(UP);
    await eventually('every event is closed, or rests', () => openEvents(dataDir).length === resting(dataDir));
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });

    const kept = new Map(transitionsIn(dataDir).map((one) => [one.id, one]));
    for (const one of told.values()) expect(kept.get(one.id)).toEqual(one);
    expect(overlapping(dataDir)).toEqual([]);
    expect(await broken(dataDir)).toEqual([]);
    // One outage that outlived every kill is one event.
    const own = 'select id from jetmon_events where endpoint_id is not null and blog_id = ?';
    const ofSteady = rowsOf(dataDir, own, steadyId);
    expect(ofSteady).toEqual([{ id: steadyEvent }]);
    const steps = transitionsIn(dataDir).filter((one) => one.event_id === String(steadyEvent));
    expect(steps.map((one) => one.reason)).toEqual(['opened', 'local_confirmed', 'verifier_cleared']);
  });

  it('goes on counting failed attempts where it was', async () => {
    const { folder, dataDir } = temporaryPlace();
    const env = { NUM_OF_CHECKS: '4' };
    const site = await siteForTest();
    const first = await serverForTest({ folder, env });
    const [siteId = 0] = await watch(first, [site]);
    site.behave(DOWN);
    await eventually('two attempts have failed', () => Number(confirmation(dataDir)['attempts']) >= 2);
    await first.end('SIGKILL');
    const before = confirmation(dataDir);
    expect(before['attempts']).toBeLessThan(4);

    await serverForTest({ folder, env });
    const seen: unknown[] = [];
    await eventually('the failure is confirmed', () => {
      const now = confirmation(dataDir);
      expect(now).toMatchObject({ event: before['event'], since: before['since'] });
      if (seen.at(-1) !== now['attempts']) seen.push(now['attempts']);
      return now['state'] === 'Down';
    });
    expect(seen).toEqual(seen.toSorted());
    expect(seen.at(0)).toBeGreaterThanOrEqual(Number(before['attempts']));
    expect(seen.at(-1)).toBe(4);
    expect(openEvents(dataDir, siteId)).toEqual([before['event']]);
  });
});

describe('a launcher that is killed outright', () => {
  it('under an old Node leaves no server behind, and the data folder is free again', async () => {
    const { folder } = temporaryPlace();
    const first = await serverForTest({ folder, node: oldNode(folder) });
    expect(first.launcherPid).not.toBe(first.pid);
    process.kill(first.launcherPid, 'SIGKILL');
    await eventually('the server has ended', () => !isAlive(first.pid));
    const second = await serverForTest({ folder });
    expect(await second.client.health()).toEqual({ status: 'ok' });
  });
});

async function siteForTest(): Promise<Site> {
  const site = await startSite();
  onTestFinished(() => site.stop());
  return site;
}

async function watch(server: Server, sites: readonly Site[]): Promise<number[]> {
  const ids: number[] = [];
  for (const { url } of sites) {
    const added = await server.client.sites.create({ monitor_url: url, check_interval_seconds: 1 });
    ids.push(Number(added.id));
  }
  return ids;
}

/** Takes the sites up and down at random moments until it is stopped. */
function flap(sites: readonly Site[], random: () => number): { stop(): Promise<void> } {
  const stop = new AbortController();
  const flapping = Promise.all(
    sites.map(async (site) => {
      for (let turn = 0; !stop.signal.aborted; turn++) {
        site.behave(turn % 2 === 0 ? DOWN : UP);
        // An aborted wait is how this ends.
        await delay(200 + random() * 2_000, undefined, { signal: stop.signal }).catch(() => {});
      }
    }),
  );
  return {
    async stop() {
      stop.abort();
      await flapping;
    },
  };
}

/** Writes down what the stream and the events of the API tell, until the server is gone. Nothing may be told anew. */
function listen(server: Server, told: Map<string, Told>): { stop(): Promise<void> } {
  const stop = new AbortController();
  const { signal } = stop;
  const hear = (one: Omit<Told, 'id' | 'event_id'> & { id: unknown; event_id: unknown }): void => {
    const { event_id, seq, state_after, reason } = one;
    const heard = { id: String(one.id), event_id: String(event_id), seq, state_after, reason };
    expect(told.get(heard.id) ?? heard).toEqual(heard);
    told.set(heard.id, heard);
  };
  async function ask(): Promise<void> {
    try {
      while (!signal.aborted) {
        for await (const { id } of server.client.events.list({})) {
          for (const transition of (await server.client.events.get(id)).transitions) hear(transition);
        }
        await delay(50);
      }
    } catch (error) {
      // Killed while it answered: what it said before counts all the same.
      if (!(error instanceof ApiError && error.code === 'server_unreachable')) throw error;
    }
  }
  const following = server.client.stream({ transition: ({ transition }) => hear(transition) }, { signal });
  const asking = ask();
  return {
    async stop() {
      stop.abort();
      await Promise.all([following, asking]);
    },
  };
}

function transitionsIn(dataDir: string): Told[] {
  const rows = rowsOf(
    dataDir,
    'select id, event_id, seq, state_after, reason from jetmon_event_transitions order by id',
  );
  return rows.map((row) => ({
    id: String(row['id']),
    event_id: String(row['event_id']),
    seq: Number(row['seq']),
    state_after: String(row['state_after']),
    reason: String(row['reason']),
  }));
}

/** Of endpoints: the sites' own follow from them. */
function openEvents(dataDir: string, siteId = 0): unknown[] {
  const rows = rowsOf(
    dataDir,
    `select id from jetmon_events where ended_at is null and endpoint_id is not null and (? = 0 or blog_id = ?)`,
    siteId,
    siteId,
  );
  return rows.map((row) => row['id']);
}

/** A site that failed often enough keeps one event, as Degraded, until it was well for long. */
function resting(dataDir: string): number {
  const braked = `select id from jetmon_events where ended_at is null and endpoint_id is not null and state = 'Degraded'`;
  return rowsOf(dataDir, braked).length;
}

/** How far the confirmation of the only open event has come. */
function confirmation(dataDir: string): Record<string, unknown> {
  const [row] = rowsOf(
    dataDir,
    `select e.id as event, e.state, r.failing_attempts as attempts, r.failing_since as since
     from jetmon_events e join jetmon_endpoint_runtime r on r.failing_event_id = e.id where e.ended_at is null`,
  );
  return row ?? {};
}

/** Events of one endpoint that began before an earlier one had ended. */
function overlapping(dataDir: string): unknown[] {
  return rowsOf(
    dataDir,
    `select a.id, b.id from jetmon_events a join jetmon_events b
     on a.endpoint_id = b.endpoint_id and a.check_type = b.check_type and a.id < b.id
     where a.ended_at is null or b.started_at < a.ended_at`,
  );
}

async function broken(dataDir: string): Promise<string[]> {
  const db = await openDatabase({ url: join(dataDir, 'jetmon.db') });
  try {
    return await brokenInvariants(db);
  } finally {
    await db.close();
  }
}
