/** How a site's own event follows what is open on it, and that its time is told apart as that of its only endpoint is. */
import { describe, expect, it } from 'vitest';
import { seeded, seedOf } from '../../../test/kit/seeded.ts';
import { type Draw, pick } from '../../../test/model/draw-step.ts';
import { commitToMemory, emptyTables, type MemoryTables } from '../../../test/model/memory-log.ts';
import type { EndpointId, SiteId } from '../../domain/ids.ts';
import { transitionsToIntervals } from '../../domain/incident-intervals.ts';
import type { CloseReason, Mutation } from '../../domain/mutation.ts';
import { SITE_STATE_CHECK } from '../../domain/rollup.ts';
import { DEFAULT_RULES } from '../../domain/rollup-rules.ts';
import { siteIncidents } from '../../domain/site-incidents.ts';
import { measureSla, type SlaInput, type SlaOptions } from '../../domain/sla.ts';
import type { LoggedState } from '../../domain/state.ts';
import type { TransitionRow } from '../event-records.ts';
import { LEGACY_STATUS } from '../legacy.ts';
import type { AppendInput } from './append-input.ts';

const SITE = 1n as SiteId;
const ONLY = 11n as EndpointId;
const URL = 'https://a.example/';

function tablesWith(...endpointIds: EndpointId[]): MemoryTables {
  const tables = emptyTables();
  for (const endpointId of endpointIds) {
    const entry = { endpointId, siteId: SITE, bucketNo: 0, url: URL, active: true, status: LEGACY_STATUS.running };
    tables.entries.push({ ...entry, statusChangedAtMs: null });
  }
  return tables;
}

let operations = 0;

function input(mutations: readonly Mutation[], atMs: number, checkType = 'http', endpointId = ONLY): AppendInput {
  return {
    identity: { siteId: SITE, endpointId, checkType, discriminator: null },
    mutations,
    failing: null,
    opId: `op-${++operations}`,
    epoch: 0,
    atMs,
    source: 'local',
    metadata: null,
    project: true,
    onlyWhileWatching: null,
  };
}

const open = (startedAtMs: number, state: LoggedState = 'Seems Down'): Mutation => ({
  op: 'open',
  state,
  startedAtMs,
  reason: 'opened',
});
const confirm: Mutation = { op: 'promote', state: 'Down', reason: 'local_confirmed' };
const close: Mutation = { op: 'close', reason: 'verifier_cleared' };

/** The steps of the sites' own events, in the order in which they were written. */
function ownSteps(tables: MemoryTables) {
  return [...tables.events.values()]
    .filter(({ identity }) => identity.checkType === SITE_STATE_CHECK)
    .flatMap(({ id, startedAtMs }) =>
      (tables.transitions.get(id) ?? []).map(({ op_id, state_after, changed_at, began_at }) => ({
        opId: op_id,
        state: state_after,
        sinceMs: Number(began_at ?? changed_at),
        startedAtMs,
      })),
    );
}

describe("the site's own event", () => {
  it('takes each step of a batch that lasted, in the name of whoever took it', () => {
    const tables = tablesWith(ONLY);
    const both = input([open(500), confirm], 2_000);
    commitToMemory(tables, [both], []);
    expect(ownSteps(tables)).toEqual([
      { opId: `${both.opId}/site`, state: 'Seems Down', sinceMs: 2_000, startedAtMs: 500 },
      { opId: `${both.opId}/site2`, state: 'Down', sinceMs: 2_000, startedAtMs: 500 },
    ]);
  });

  it('takes no step that lasted no time', () => {
    const tables = tablesWith(ONLY);
    const both = input([open(2_000), confirm], 2_000);
    commitToMemory(tables, [both], []);
    expect(ownSteps(tables)).toEqual([
      { opId: `${both.opId}/site`, state: 'Down', sinceMs: 2_000, startedAtMs: 2_000 },
    ]);
    commitToMemory(tables, [input([close, open(3_000), confirm, close], 3_000)], []);
    expect(ownSteps(tables).map(({ state }) => state)).toEqual(['Down', 'Resolved']);
  });

  it('is there for what opened and ended in one batch, and again for what came after it', () => {
    const tables = tablesWith(ONLY);
    commitToMemory(tables, [input([open(500), close], 2_000), input([open(2_500), confirm], 3_000)], []);
    expect(ownSteps(tables).map(({ state, startedAtMs }) => [state, startedAtMs])).toEqual([
      ['Seems Down', 500],
      ['Resolved', 500],
      ['Seems Down', 2_500],
      ['Down', 2_500],
    ]);
  });

  it('does not begin before the one before it ended, also where that was in the same batch', () => {
    const tables = tablesWith(ONLY);
    commitToMemory(tables, [input([open(500), close], 2_000), input([open(1_000, 'Down')], 2_100, 'keyword')], []);
    expect(ownSteps(tables).map(({ state, startedAtMs }) => [state, startedAtMs])).toEqual([
      ['Seems Down', 500],
      ['Resolved', 500],
      ['Down', 2_000],
    ]);
  });

  it('tells since when a milder failure became a worse one, step by step', () => {
    const tables = tablesWith(ONLY);
    commitToMemory(tables, [input([open(500, 'Warning')], 500)], []);
    const worse: Mutation = { op: 'promote', state: 'Seems Down', reason: 'severity_escalation', beganAtMs: 700 };
    commitToMemory(tables, [input([worse, confirm], 2_000)], []);
    expect(ownSteps(tables).map(({ state, sinceMs }) => [state, sinceMs])).toEqual([
      ['Warning', 500],
      ['Seems Down', 700],
      ['Down', 2_000],
    ]);
  });

  it('is what it was until that is over, however long something milder has been there', () => {
    const tables = tablesWith(ONLY);
    commitToMemory(tables, [input([open(500, 'Down')], 500), input([open(600, 'Warning')], 1_000, 'keyword')], []);
    const fall: Mutation = { op: 'promote', state: 'Degraded', reason: 'severity_deescalation', beganAtMs: 1_500 };
    commitToMemory(tables, [input([fall], 2_000)], []);
    // Somebody else paused what was down.
    tables.entries.push({ ...(tables.entries[0] as MemoryTables['entries'][number]), endpointId: 12n as EndpointId });
    (tables.entries[0] as MemoryTables['entries'][number]).active = false;
    commitToMemory(tables, [input([open(2_500, 'Warning')], 3_000, 'http', 12n as EndpointId)], []);
    expect(ownSteps(tables).map(({ state, sinceMs }) => [state, sinceMs])).toEqual([
      ['Down', 500],
      ['Degraded', 1_500],
      ['Warning', 3_000],
    ]);
  });

  it('is what it was until that ended, though what began then is milder and told later in the batch', () => {
    const tables = tablesWith(ONLY);
    commitToMemory(tables, [input([open(500, 'Down')], 500)], []);
    commitToMemory(tables, [input([close], 2_000), input([open(2_000, 'Warning')], 2_300)], []);
    expect(ownSteps(tables).map(({ state, sinceMs }) => [state, sinceMs])).toEqual([
      ['Down', 500],
      ['Warning', 2_000],
    ]);
  });

  it('ends with what it followed, though something that says nothing of the site began then and is told later', () => {
    const paused = 12n as EndpointId;
    const tables = tablesWith(ONLY, paused);
    (tables.entries[1] as MemoryTables['entries'][number]).active = false;
    commitToMemory(tables, [input([open(500, 'Down')], 500)], []);
    commitToMemory(tables, [input([close], 2_000), input([open(2_000)], 2_300, 'http', paused)], []);
    expect(ownSteps(tables).map(({ state, sinceMs }) => [state, sinceMs])).toEqual([
      ['Down', 500],
      ['Resolved', 2_000],
    ]);
  });

  it('fell when what it followed fell, though that rose again a little at the same instant', () => {
    const tables = tablesWith(ONLY);
    commitToMemory(tables, [input([open(500, 'Down')], 500)], []);
    const fall: Mutation = { op: 'promote', state: 'Warning', reason: 'severity_deescalation', beganAtMs: 1_500 };
    const rise: Mutation = { op: 'promote', state: 'Degraded', reason: 'severity_escalation', beganAtMs: 1_500 };
    commitToMemory(tables, [input([fall, rise], 2_000)], []);
    expect(ownSteps(tables).map(({ state, sinceMs }) => [state, sinceMs])).toEqual([
      ['Down', 500],
      ['Degraded', 1_500],
    ]);
  });

  it('fell when what it followed fell, though something milder that was there before decides it now', () => {
    const tables = tablesWith(ONLY);
    commitToMemory(tables, [input([open(500, 'Down')], 500), input([open(600, 'Degraded')], 1_000, 'keyword')], []);
    const fall: Mutation = { op: 'promote', state: 'Warning', reason: 'severity_deescalation', beganAtMs: 1_500 };
    commitToMemory(tables, [input([fall], 2_000)], []);
    expect(ownSteps(tables).map(({ state, sinceMs }) => [state, sinceMs])).toEqual([
      ['Down', 500],
      ['Degraded', 1_500],
    ]);
  });

  it('takes one step for a whole site that is closed at once', () => {
    const many = Array.from({ length: 200 }, (_, nth) => BigInt(100 + nth) as EndpointId);
    const tables = tablesWith(...many);
    commitToMemory(
      tables,
      many.map((endpointId) => input([open(500)], 500, 'http', endpointId)),
      [],
    );
    commitToMemory(
      tables,
      many.map((endpointId) => input([close], 2_000, 'http', endpointId)),
      [],
    );
    expect(ownSteps(tables).map(({ state }) => state)).toEqual(['Seems Down', 'Resolved']);
  });
});

const WORLDS = 100;
/** Worlds in which they differed once. */
const FOUND_BEFORE = [448, 775, 454046064, 454046072, 476858757];
const BATCHES = 24;

describe('the time of a site with one endpoint', () => {
  it('is in each state, under every treatment, what it is for the endpoint', () => {
    const first = seedOf('one endpoint');
    const drawn = Array.from({ length: WORLDS }, (_, nth) => first + nth);
    for (const seed of [...FOUND_BEFORE, ...drawn]) {
      const { tables, endMs } = liveOf(seeded(seed));
      const { site, endpoint } = timeOf(tables, endMs);
      for (const treatment of TREATMENTS) {
        const { ms, downtimeMs, outages } = measureSla(endpoint, treatment);
        expect(measureSla(site, treatment), `JETMON_TEST_SEED=${seed}`).toMatchObject({ ms, downtimeMs, outages });
      }
    }
  });
});

const TREATMENTS: readonly SlaOptions[] = (['down', 'up', 'separate'] as const).flatMap((seemsDown) =>
  (['unknown', 'down'] as const).flatMap((falseAlarms) =>
    (['up', 'separate'] as const).map((degraded) => ({ maintenance: 'exclude', seemsDown, falseAlarms, degraded })),
  ),
);

const STATES: readonly LoggedState[] = ['Warning', 'Degraded', 'Seems Down', 'Seems Down', 'Down', 'Down'];
const CLOSES: readonly CloseReason[] = ['probe_cleared', 'verifier_cleared', 'false_alarm'];

/** One check that says what it found, batch by batch. Nothing it tells of was before what it told last. */
function liveOf(random: Draw): { tables: MemoryTables; endMs: number } {
  const tables = tablesWith(ONLY);
  const perBatch = pick(random, [1, 1, 3]);
  let toldMs = 1_000;
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const inputs: AppendInput[] = [];
    while (inputs.length < perBatch) {
      const atMs = toldMs + Math.floor(random() * 1_000);
      const mutations: Mutation[] = [];
      for (let count = pick(random, [1, 2, 2, 3]); count > 0; count -= 1) {
        const sinceMs = random() < 0.5 ? atMs : toldMs + Math.floor(random() * (atMs - toldMs + 1));
        const step = drawStep(random, sinceMs);
        mutations.push(step);
        toldMs = step.op === 'open' || step.op === 'promote' ? sinceMs : atMs;
      }
      inputs.push(input(mutations, atMs));
      toldMs = atMs;
    }
    commitToMemory(tables, inputs, []);
  }
  return { tables, endMs: toldMs + 500 };
}

function drawStep(random: Draw, sinceMs: number): Mutation {
  const chance = random();
  if (chance < 0.45) return open(sinceMs, pick(random, STATES));
  if (chance < 0.75) {
    return { op: 'promote', state: pick(random, STATES), reason: 'state_change', beganAtMs: sinceMs };
  }
  if (chance < 0.8) return { op: 'set_severity', severity: pick(random, [1, 2, 3, 4, 200]), reason: 'state_change' };
  if (chance < 0.84) return { op: 'link', causeEventId: null };
  return { op: 'close', reason: pick(random, CLOSES) };
}

/** What both are reckoned from, as whoever reads the log finds it. */
function timeOf(tables: MemoryTables, endMs: number): { site: SlaInput; endpoint: SlaInput } {
  const lines = [...tables.events.values()].map(({ id, identity, startedAtMs }) => ({
    eventId: id,
    endpointId: identity.endpointId,
    checkType: identity.checkType,
    intervals: transitionsToIntervals((tables.transitions.get(id) ?? []).map(changeOf), startedAtMs),
  }));
  const own = lines.filter(({ checkType }) => checkType === SITE_STATE_CHECK).flatMap(({ intervals }) => intervals);
  const findings = lines.filter(({ checkType }) => checkType !== SITE_STATE_CHECK);
  const window = { fromMs: 0, toMs: endMs };
  const rest = { window, observed: [window], paused: [], maintenance: [] };
  const stretches = [{ fromMs: Number.NEGATIVE_INFINITY, first: ONLY, rules: DEFAULT_RULES }];
  return {
    site: { ...rest, incidents: siteIncidents({ own, findings, stretches }) },
    endpoint: { ...rest, incidents: findings.flatMap(({ intervals }) => intervals) },
  };
}

function changeOf({ severity_after, reason, changed_at, began_at }: TransitionRow) {
  const severityAfter = severity_after === null ? null : Number(severity_after);
  return { severityAfter, reason, changedAtMs: Number(began_at ?? changed_at) };
}
