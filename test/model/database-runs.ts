/** Runs of commands against the real writer on a real database, beside the model; one database for all of them, with sites of their own. */
import fc from 'fast-check';
import { sql } from 'kysely';
import type { EndpointId, EventId, SiteId } from '../../src/domain/ids.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { isLoggedState } from '../../src/domain/state.ts';
import type { Appended, AppendInput } from '../../src/store/append/append-input.ts';
import type { LoggedEvent } from '../../src/store/append/log-view.ts';
import type { Database } from '../../src/store/database.ts';
import type { Endpoints } from '../../src/store/endpoints.ts';
import type { TransitionRow } from '../../src/store/event-records.ts';
import type { EventStore } from '../../src/store/events.ts';
import { brokenInvariants } from '../kit/broken-invariants.ts';
import { seeded } from '../kit/seeded.ts';
import { compareAll, compareAnswers, Difference } from './compare.ts';
import { type Batch, BUCKETS, drawStep, type Step, type World } from './draw-step.ts';
import { commitTo } from './event-log-model.ts';
import { copyOf, emptyModel } from './event-log-state.ts';
import { type Answer, emptyTables, type MemoryTables } from './memory-log.ts';
import { changeModel } from './random-steps.ts';

export type StoreUnderTest = { db: Database; events: EventStore; endpoints: Endpoints };

const MAX_COMMANDS = 12;

/** Rejects with the shortest run fast-check found that goes wrong. Returns how many runs there were. */
export async function databaseRuns(
  store: StoreUnderTest,
  options: { seed: number; runs: number; signal?: AbortSignal; onProgress?: (runs: number) => void },
): Promise<number> {
  let runs = 0;
  const commands = fc.commands([fc.nat().map((seed) => new DrawnStep(seed))], { maxCommands: MAX_COMMANDS });
  const property = fc.asyncProperty(fc.nat(), commands, async (shape, drawn) => {
    if (options.signal?.aborted) return;
    const world = await newWorld(store, shape);
    try {
      await fc.asyncModelRun(() => ({ model: world, real: store }), drawn);
      await compareStored(store, world);
    } finally {
      await forget(store.db, world);
    }
    runs += 1;
    options.onProgress?.(runs);
  });
  await fc.assert(property, { numRuns: options.runs, seed: options.seed | 0, endOnFailure: false });
  return runs;
}

/** What it does depends on what is there, so a shorter run still makes sense. */
class DrawnStep implements fc.AsyncCommand<World, StoreUnderTest> {
  readonly #seed: number;
  #done = '';

  constructor(seed: number) {
    this.#seed = seed;
  }

  check(): boolean {
    return true;
  }

  async run(world: World, store: StoreUnderTest): Promise<void> {
    const random = seeded(this.#seed);
    const step = drawStep(random, world);
    this.#done = JSON.stringify(step, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    await play(step, world, store, random() < 0.5);
  }

  toString(): string {
    return this.#done === '' ? `step ${this.#seed}` : this.#done;
  }
}

const FIRST_SITE = BigInt(process.pid) * 1_000_000n;

/** Site ids are not used twice, also not by several runners on one database. */
let worlds = 0;

async function newWorld({ db, endpoints }: StoreUnderTest, shape: number): Promise<World> {
  worlds += 1;
  const random = seeded(shape);
  const model = emptyModel();
  const first = FIRST_SITE + BigInt(worlds) * 3n;
  // The last one is not in the registry.
  const siteIds = [first, first + 1n, first + 2n] as SiteId[];
  const url = 'https://a.example/';
  await db.transaction(async (tx) => {
    // It may be called again.
    model.endpoints = [];
    for (const siteId of siteIds.slice(0, 2)) {
      for (let count = 1 + Math.floor(random() * 3); count > 0; count -= 1) {
        const bucketNo = BUCKETS[count % BUCKETS.length] ?? 0;
        const wanted = { siteId, url: `https://${count}.example/`, active: true, bucketNo, intervalSeconds: 60 };
        const created = await endpoints.create(EVERY_SITE, wanted, tx);
        if (created.kind !== 'created') throw new Error(`endpoint was not created: ${created.kind}`);
        const { endpointId } = created.endpoint;
        await endpoints.update(EVERY_SITE, endpointId, { url }, tx);
        model.endpoints.push({ endpointId, siteId, bucketNo, url, active: true, status: 1, statusChangedAtMs: null });
      }
    }
  });
  const name = `w${process.pid}-${worlds}`;
  return { model, siteIds, name, sent: [], operations: 0, nowMs: 10_000, hasLeases: false, isShown: true };
}

async function play(step: Step, world: World, store: StoreUnderTest, isTogether: boolean): Promise<void> {
  const { model } = world;
  switch (step.kind) {
    case 'batch':
      if (step.fate === 'lost') return lose(step.batch, store);
      await playBatch(step.batch, world, store, isTogether);
      if (step.fate === 'unanswered')
        await playBatch({ inputs: step.batch.inputs, cues: [] }, world, store, isTogether);
      return;
    case 'swapped':
      await playBatch(step.first, world, store, isTogether);
      return playBatch(step.second, world, store, isTogether);
    case 'active':
      changeModel(model, step);
      await store.db.transaction(async (tx) => {
        const { endpointId, active, cue } = step;
        await store.endpoints.update(EVERY_SITE, endpointId, { active }, tx);
        if (cue !== null) await store.events.appendWithin(tx, [], [cue]);
      });
      if (step.cue !== null) commitTo(model, [], [step.cue]);
      return;
    case 'url':
      changeModel(model, step);
      await store.endpoints.update(EVERY_SITE, step.endpointId, { url: step.url });
      return;
    case 'poison':
      changeModel(model, step);
      await sql`update jetmon_events set state = ${step.state} where id = ${step.eventId}`.execute(store.db.kysely);
      return;
    case 'lease':
      throw new Error('leases are not drawn here');
  }
}

class Lost extends Error {}

async function lose({ inputs, cues }: Batch, { db, events }: StoreUnderTest): Promise<void> {
  try {
    await db.transaction(async (tx) => {
      await events.appendWithin(tx, inputs, cues);
      throw new Lost();
    });
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
  }
}

/** In one transaction, or each for itself and all at once: those of one site keep their order then. */
async function playBatch({ inputs, cues }: Batch, world: World, store: StoreUnderTest, isTogether: boolean) {
  const { db, events } = store;
  const { model } = world;
  const appended = isTogether
    ? (await db.transaction((tx) => events.appendWithin(tx, inputs, cues))).appended
    : await Promise.all(inputs.map((input) => events.append(input)));
  const wanted = isTogether
    ? commitTo(model, inputs, cues).answers
    : inputs.flatMap((input) => commitTo(model, [input], []).answers);
  const answers = appended.map((one, index) => answerOf(one, inputs[index]));
  compareAnswers(model, wanted, answers);
  world.sent.push(...inputs);
}

function answerOf({ transitions, ...answer }: Appended, input: AppendInput | undefined): Answer {
  const rows = transitions.map((one, index): TransitionRow => {
    return {
      id: one.transitionId,
      event_id: one.eventId,
      blog_id: one.siteId,
      seq: BigInt(one.seq),
      severity_before: one.severityBefore === null ? null : BigInt(one.severityBefore),
      severity_after: one.severityAfter === null ? null : BigInt(one.severityAfter),
      state_before: one.stateBefore,
      state_after: one.stateAfter,
      reason: one.reason,
      source: one.source,
      metadata: one.metadata === null ? null : JSON.stringify(one.metadata),
      op_id: `${input?.opId}/${index + 1}`,
      epoch: BigInt(input?.epoch ?? 0),
      changed_at: BigInt(one.changedAtMs),
      began_at: one.beganAtMs === undefined ? null : BigInt(one.beganAtMs),
    };
  });
  return { ...answer, transitions: rows };
}

/** Everything that is stored of a world, and what the invariants in SQL say. */
async function compareStored({ db, endpoints }: StoreUnderTest, world: World): Promise<void> {
  const wanted = copyOf(world.model);
  for (const endpoint of wanted.endpoints) {
    // The registry holds whole seconds.
    if (endpoint.statusChangedAtMs !== null)
      endpoint.statusChangedAtMs = Math.floor(endpoint.statusChangedAtMs / 1_000) * 1_000;
  }
  compareAll(wanted, await tablesOf(db, endpoints, world));
  await mend(db, wanted.events);
  const broken = await brokenInvariants(db);
  if (broken.length > 0) throw new Difference(broken.join('; '));
}

/** The invariants in SQL know nothing of rows that somebody else spoiled. */
async function mend(db: Database, events: World['model']['events']): Promise<void> {
  for (const { id, state, transitions } of events) {
    if (isLoggedState(state)) continue;
    const { stateAfter } = transitions.at(-1) ?? {};
    await sql`update jetmon_events set state = ${stateAfter} where id = ${id}`.execute(db.kysely);
  }
}

async function tablesOf(db: Database, endpoints: Endpoints, world: World): Promise<MemoryTables> {
  const tables = emptyTables();
  const { kysely } = db;
  const events = await kysely.selectFrom('jetmon_events').selectAll().where('blog_id', 'in', world.siteIds).execute();
  for (const row of events) {
    const event: LoggedEvent = {
      id: row.id as EventId,
      identity: {
        siteId: row.blog_id as SiteId,
        endpointId: row.endpoint_id as EndpointId | null,
        checkType: row.check_type,
        discriminator: row.discriminator,
      },
      state: row.state as LoggedEvent['state'],
      severity: Number(row.severity),
      startedAtMs: Number(row.started_at),
      changedAtMs: Number(row.updated_at),
      version: Number(row.version),
      causeEventId: row.cause_event_id as EventId | null,
      endedAtMs: row.ended_at === null ? null : Number(row.ended_at),
      resolutionReason: row.resolution_reason,
      unreadable: false,
    };
    tables.events.set(event.id, event);
  }
  const transitions = kysely.selectFrom('jetmon_event_transitions').selectAll().where('blog_id', 'in', world.siteIds);
  for (const row of await transitions.orderBy('event_id').orderBy('seq').execute()) {
    const eventId = row.event_id as EventId;
    tables.transitions.set(eventId, [...(tables.transitions.get(eventId) ?? []), row]);
  }
  for (const site of await endpoints.bySites(EVERY_SITE, world.siteIds)) {
    for (const { legacyStatus: status, ...endpoint } of site.endpoints) tables.entries.push({ ...endpoint, status });
  }
  const runtime = kysely.selectFrom('jetmon_endpoint_runtime').selectAll().where('blog_id', 'in', world.siteIds);
  for (const row of await runtime.where('failing_event_id', 'is not', null).execute()) {
    const failing = { sinceMs: Number(row.failing_since), attempts: Number(row.failing_attempts) };
    tables.runtime.set(row.source_site_id as EndpointId, { eventId: row.failing_event_id as EventId, failing });
  }
  return tables;
}

/** So that what comes after is as quick as what came before. */
async function forget({ transaction }: Database, { siteIds }: World): Promise<void> {
  const tables = [
    'jetmon_event_transitions',
    'jetmon_events',
    'jetmon_endpoint_runtime',
    'jetmon_endpoint_check_config',
    'jetpack_monitor_sites',
  ];
  await transaction(async (tx) => {
    for (const table of tables) {
      await sql`delete from ${sql.table(table)} where blog_id in (${sql.join([...siteIds])})`.execute(tx);
    }
  });
}
