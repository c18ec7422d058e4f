/** Random steps against the model, many worlds one after the other: each small, so that one that goes wrong can be read. */
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import type { LoggedState } from '../../src/domain/state.ts';
import type { LegacyStatus } from '../../src/store/legacy.ts';
import { seeded } from '../kit/seeded.ts';
import {
  checkProjection,
  compareAll,
  compareAnswers,
  compareEndpoints,
  compareTouched,
  Difference,
} from './compare.ts';
import { type Batch, BUCKETS, type Draw, drawStep, pick, type Step, type World } from './draw-step.ts';
import { commitTo } from './event-log-model.ts';
import { emptyModel, type Model, type ModelCommit } from './event-log-state.ts';
import { commitToMemory, emptyTables, type MemoryCommit, type MemoryTables, planOnly } from './memory-log.ts';

export type ModelSteps = { steps: number; worlds: number; elapsedMs: number };

const STEPS_PER_WORLD = 60;
/** Worlds between two looks at the clock and at whether to go on. */
const WORLDS_PER_TURN = 200;

/**
 * Appends, cues and changes of the registry, each of them a step, in worlds whose seeds follow each other from `seed` on.
 * Throws at the first difference and names the seed of its world, which alone shows it again.
 */
export async function modelSteps(options: {
  seed: number;
  steps: number;
  signal?: AbortSignal;
  onProgress?: (done: ModelSteps) => void;
}): Promise<ModelSteps> {
  const startedMs = performance.now();
  let steps = 0;
  let worlds = 0;
  const done = (): ModelSteps => ({ steps, worlds, elapsedMs: performance.now() - startedMs });
  while (steps < options.steps && !options.signal?.aborted) {
    for (let turn = 0; turn < WORLDS_PER_TURN && steps < options.steps; turn += 1) {
      steps += playWorld((options.seed + worlds) >>> 0);
      worlds += 1;
    }
    options.onProgress?.(done());
    await new Promise((resolve) => setImmediate(resolve));
  }
  return done();
}

/** Returns the number of steps. */
export function playWorld(seed: number): number {
  const random = seeded(seed);
  const tables = emptyTables();
  const world = newWorld(random, tables, `w${seed}`);
  const unprojected = new Set<EndpointId>();
  let steps = 0;
  let last: Step | null = null;
  try {
    while (steps < STEPS_PER_WORLD) {
      last = drawStep(random, world);
      noteUnprojected(last, world, unprojected);
      steps += play(last, world, tables);
      checkProjection(tables, unprojected);
    }
    last = null;
    compareAll(world.model, tables);
  } catch (error) {
    const at = last === null ? 'at the end' : `at ${textOf(last)}`;
    throw new Difference(`${error}, in JETMON_TEST_SEED=${seed} after ${steps} steps, ${at}`, { cause: error });
  }
  return steps;
}

function textOf(step: Step): string {
  return JSON.stringify(step, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}

/** One to three sites with up to three endpoints, and sometimes one that the registry does not know. */
function newWorld(random: Draw, tables: MemoryTables, name: string): World {
  const model = emptyModel();
  const siteIds = [1n, 2n, 3n].slice(0, pick(random, [1, 2, 3])) as SiteId[];
  let endpointId = 10n;
  for (const siteId of siteIds) {
    if (siteId !== 1n && random() < 0.1) continue;
    for (let count = pick(random, [1, 2, 3]); count > 0; count -= 1) {
      endpointId += 1n;
      const url = 'https://a.example/';
      const status = 1 as LegacyStatus;
      const endpoint = { endpointId: endpointId as EndpointId, siteId, bucketNo: pick(random, BUCKETS), url, status };
      model.endpoints.push({ ...endpoint, active: true, statusChangedAtMs: null });
      tables.entries.push({ ...endpoint, active: true, statusChangedAtMs: null });
    }
  }
  return { model, siteIds, name, sent: [], operations: 0, nowMs: 10_000, hasLeases: true, isShown: false };
}

function play(step: Step, world: World, tables: MemoryTables): number {
  const { model } = world;
  switch (step.kind) {
    case 'batch': {
      const { inputs, cues } = step.batch;
      if (step.fate === 'lost') {
        planOnly(tables, inputs, cues);
        return inputs.length;
      }
      playBatch(step.batch, world, tables);
      if (step.fate === 'unanswered') playBatch({ inputs, cues: [] }, world, tables);
      return inputs.length + cues.length;
    }
    case 'swapped': {
      const wanted = [step.first, step.second].map(({ inputs, cues }) => commitTo(model, inputs, cues));
      const actual = [step.second, step.first].map(({ inputs, cues }) => commitToMemory(tables, inputs, cues));
      compareCommits(model, tables, wanted, actual.toReversed());
      world.sent.push(...step.first.inputs, ...step.second.inputs);
      return step.first.inputs.length + step.second.inputs.length;
    }
    default:
      changeModel(model, step);
      changeTables(tables, step);
      if (step.kind === 'active' && step.cue !== null) playBatch({ inputs: [], cues: [step.cue] }, world, tables);
      return 1;
  }
}

function playBatch({ inputs, cues }: Batch, world: World, tables: MemoryTables): void {
  const wanted = commitTo(world.model, inputs, cues);
  compareCommits(world.model, tables, [wanted], [commitToMemory(tables, inputs, cues)]);
  world.sent.push(...inputs);
}

function compareCommits(
  model: Model,
  tables: MemoryTables,
  wanted: readonly ModelCommit[],
  actual: readonly MemoryCommit[],
): void {
  for (const [index, { answers }] of wanted.entries()) compareAnswers(model, answers, actual[index]?.answers ?? []);
  for (const [index, one] of wanted.entries()) compareTouched(model, one, tables, actual[index]?.touched ?? new Set());
  compareEndpoints(model, tables);
}

/** Everything but an append. */
export function changeModel(model: Model, step: Exclude<Step, { kind: 'batch' | 'swapped' }>): void {
  if (step.kind === 'lease') {
    if (step.epoch === null) model.leases.delete(step.bucketNo);
    else model.leases.set(step.bucketNo, step.epoch);
    return;
  }
  if (step.kind === 'poison') {
    const event = model.events.find(({ id }) => id === step.eventId);
    if (event !== undefined) event.state = step.state;
    return;
  }
  const endpoint = model.endpoints.find(({ endpointId }) => endpointId === step.endpointId);
  if (endpoint === undefined) return;
  if (step.kind === 'active') endpoint.active = step.active;
  else endpoint.url = step.url;
}

function changeTables(tables: MemoryTables, step: Exclude<Step, { kind: 'batch' | 'swapped' }>): void {
  if (step.kind === 'lease') {
    if (step.epoch === null) tables.epochs.delete(step.bucketNo);
    else tables.epochs.set(step.bucketNo, BigInt(step.epoch));
    return;
  }
  if (step.kind === 'poison') {
    const event = tables.events.get(step.eventId);
    if (event !== undefined) event.state = step.state as LoggedState;
    return;
  }
  const entry = tables.entries.find(({ endpointId }) => endpointId === step.endpointId);
  if (entry === undefined) return;
  if (step.kind === 'active') entry.active = step.active;
  else entry.url = step.url;
}

/** What is not to be shown makes the legacy status stale, and so does what somebody else wrote. */
export function noteUnprojected(step: Step, { model }: World, unprojected: Set<EndpointId>): void {
  const batches = step.kind === 'batch' ? [step.batch] : step.kind === 'swapped' ? [step.first, step.second] : [];
  for (const { project, identity } of batches.flatMap(({ inputs }) => inputs)) {
    if (!project && identity.endpointId !== null) unprojected.add(identity.endpointId);
  }
  if (step.kind !== 'poison') return;
  const endpointId = model.events.find(({ id }) => id === step.eventId)?.identity.endpointId;
  if (endpointId !== undefined && endpointId !== null) unprojected.add(endpointId);
}
