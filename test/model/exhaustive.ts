/**
 * Every sequence of commands up to a length, over two identities of one site: nothing is left to chance. Sequences that
 * begin alike share their beginning, so each costs one step.
 */
import type { EndpointId, EventId, SiteId } from '../../src/domain/ids.ts';
import type { Mutation } from '../../src/domain/mutation.ts';
import type { AppendInput, SiteCue } from '../../src/store/append/append-input.ts';
import type { LegacyStatus } from '../../src/store/legacy.ts';
import { checkProjection, compareAll, compareAnswers, compareTouched, Difference } from './compare.ts';
import { commitTo } from './event-log-model.ts';
import { copyOf, emptyModel, type Model, openOn } from './event-log-state.ts';
import { commitToMemory, copyOfTables, emptyTables, type MemoryTables } from './memory-log.ts';

const SITE = 1n as SiteId;
const ENDPOINTS: readonly EndpointId[] = [11n as EndpointId, 12n as EndpointId];

type Command = { name: string; play(model: Model, tables: MemoryTables, depth: number): void };

const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
const DOWN = { op: 'promote', state: 'Down', reason: 'verifier_confirmed' } as const;
const CLOSE = { op: 'close', reason: 'verifier_cleared' } as const;

/** What can happen to each of the two, and what can happen to the first one's endpoint. */
export const COMMANDS: readonly Command[] = [
  ...ENDPOINTS.flatMap((endpointId): Command[] => [
    { name: `open ${endpointId}`, play: (...at) => append(...at, endpointId, [OPEN]) },
    { name: `promote ${endpointId}`, play: (...at) => append(...at, endpointId, [DOWN]) },
    { name: `close ${endpointId}`, play: (...at) => append(...at, endpointId, [CLOSE]) },
    { name: `close and open ${endpointId}`, play: (...at) => append(...at, endpointId, [CLOSE, OPEN]) },
    { name: `link ${endpointId}`, play: (...at) => append(...at, endpointId, [linkTo(at[0], endpointId)]) },
  ]),
  { name: 'pause or resume 11', play: toggle },
];

/** How many sequences of 1 to `length` commands there are. */
export function sequencesUpTo(length: number): number {
  let count = 0;
  for (let long = 1; long <= length; long += 1) count += COMMANDS.length ** long;
  return count;
}

/** Throws at the first sequence after which the log is not what the model says, and names it. Returns how many it played. */
export async function playEverySequence(options: {
  length: number;
  signal?: AbortSignal;
  onProgress?: (played: number) => void;
}): Promise<number> {
  let played = 0;
  function play(model: Model, tables: MemoryTables, path: readonly string[]): void {
    for (const command of COMMANDS) {
      const nextModel = copyOf(model);
      const nextTables = copyOfTables(tables);
      const nextPath = [...path, command.name];
      try {
        command.play(nextModel, nextTables, path.length);
        checkProjection(nextTables, new Set());
        if (nextPath.length === options.length) compareAll(nextModel, nextTables);
      } catch (error) {
        throw new Difference(`after ${nextPath.join(', ')}: ${error}`, { cause: error });
      }
      played += 1;
      if (nextPath.length < options.length) play(nextModel, nextTables, nextPath);
    }
  }
  // The first two commands by hand, so that others get their turn between them.
  for (const first of COMMANDS) {
    const start = worldOfTwo();
    first.play(start.model, start.tables, 0);
    played += 1;
    if (options.length > 1 && !options.signal?.aborted) play(start.model, start.tables, [first.name]);
    options.onProgress?.(played);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return played;
}

function worldOfTwo(): { model: Model; tables: MemoryTables } {
  const model = emptyModel();
  const tables = emptyTables();
  for (const endpointId of ENDPOINTS) {
    const url = 'https://a.example/';
    const status = 1 as LegacyStatus;
    const endpoint = { endpointId, siteId: SITE, bucketNo: 0, url, status, active: true, statusChangedAtMs: null };
    model.endpoints.push({ ...endpoint });
    tables.entries.push({ ...endpoint });
  }
  return { model, tables };
}

function append(
  model: Model,
  tables: MemoryTables,
  depth: number,
  endpointId: EndpointId,
  mutations: readonly Mutation[],
): void {
  const input: AppendInput = {
    identity: { siteId: SITE, endpointId, checkType: 'http', discriminator: null },
    mutations,
    failing: { sinceMs: 1_000, attempts: depth + 1 },
    opId: `op-${depth}`,
    epoch: 0,
    // One clock is behind the other.
    atMs: 2_000 + 1_000 * depth - (endpointId === ENDPOINTS[1] ? 1_500 : 0),
    source: 'local',
    metadata: null,
    project: true,
    onlyWhileWatching: null,
  };
  commitBoth(model, tables, [input], []);
}

/** To what is open on the other identity; when nothing is, to nothing. */
function linkTo(model: Model, endpointId: EndpointId): Mutation {
  const other = ENDPOINTS.find((one) => one !== endpointId) ?? endpointId;
  const cause = openOn(model, { siteId: SITE, endpointId: other, checkType: 'http', discriminator: null });
  return { op: 'link', causeEventId: (cause?.id ?? null) as EventId | null };
}

function toggle(model: Model, tables: MemoryTables, depth: number): void {
  for (const one of [model.endpoints[0], tables.entries[0]]) if (one !== undefined) one.active = !one.active;
  const cue: SiteCue = { siteId: SITE, opId: `op-${depth}`, epoch: 0, atMs: 2_000 + 1_000 * depth, source: 'api' };
  commitBoth(model, tables, [], [cue]);
}

function commitBoth(model: Model, tables: MemoryTables, inputs: AppendInput[], cues: SiteCue[]): void {
  const wanted = commitTo(model, inputs, cues);
  const actual = commitToMemory(tables, inputs, cues);
  compareAnswers(model, wanted.answers, actual.answers);
  compareTouched(model, wanted, tables, actual.touched);
}
