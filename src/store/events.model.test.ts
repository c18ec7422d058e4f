/** Appends drawn at random against a model that fits on a page; after every run the invariants are asked in SQL. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { appendTo, brokenInvariants, temporaryStore } from '../../test/kit/store.ts';
import type { EventId } from '../domain/ids.ts';
import type { Decided as Mutation } from '../domain/incident.ts';
import type { IncidentState } from '../domain/state.ts';
import type { AppendInput } from './append/append-input.ts';
import type { Endpoint } from './endpoints.ts';
import type { EventQueries } from './event-queries.ts';

type ModelEvent = { states: string[]; startedAtMs: number; lastMs: number; closed: boolean };

/** What the log must hold for one identity: its events in order, the last one possibly open. */
function applyTo(history: ModelEvent[], mutation: Mutation, atMs: number): boolean {
  const last = history.at(-1);
  const current = last?.closed === false ? last : null;
  if (mutation.op === 'open') {
    if (current !== null) return false;
    const lastMs = Math.max(mutation.startedAtMs, atMs);
    history.push({ states: [mutation.state], startedAtMs: mutation.startedAtMs, lastMs, closed: false });
    return true;
  }
  if (current === null) return false;
  const next = mutation.op === 'close' ? 'Resolved' : mutation.state;
  if (current.states.at(-1) === next) return false;
  current.states.push(next);
  current.lastMs = Math.max(current.lastMs, atMs);
  current.closed = mutation.op === 'close';
  return true;
}

const state = fc.constantFrom<IncidentState>('Warning', 'Degraded', 'Seems Down', 'Down');
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({
    op: fc.constant('open' as const),
    state,
    startedAtMs: fc.nat(2_000),
    reason: fc.constant('opened' as const),
  }),
  fc.record({ op: fc.constant('promote' as const), state, reason: fc.constant('local_confirmed' as const) }),
  fc.record({ op: fc.constant('close' as const), reason: fc.constant('probe_cleared' as const) }),
);
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      who: fc.nat(1),
      mutations: fc.array(mutation, { maxLength: 3 }),
      failing: fc.option(fc.record({ sinceMs: fc.nat(2_000), attempts: fc.integer({ min: 1, max: 9 }) })),
      atMs: fc.nat(2_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('replay' as const), nth: fc.nat(50) }) },
);

type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

async function run(commands: Command[]): Promise<void> {
  const { db, events, queries, addEndpoint } = await temporaryStore();
  const first = await addEndpoint();
  const pair = [first, await addEndpoint({ siteId: first.siteId })] as const;
  const model: [ModelEvent[], ModelEvent[]] = [[], []];
  const sent: { input: AppendInput; committed: boolean }[] = [];
  const whenClosed = new Map<EventId, unknown>();
  const whole = async (eventId: EventId) => [
    await queries.byId(eventId),
    await queries.transitions(eventId, { limit: 1_000 }),
  ];

  for (const drawn of commands) {
    if (drawn.kind === 'replay') {
      const { input, committed } = sent[drawn.nth] ?? {};
      if (input !== undefined && committed) expect((await events.append(input)).replayed).toBe(true);
      continue;
    }
    const who = drawn.who === 0 ? 0 : 1;
    const input = appendTo(pair[who], drawn.mutations, { failing: drawn.failing, atMs: drawn.atMs });
    const expected = drawn.mutations.filter((one) => applyTo(model[who], one, drawn.atMs));
    const { transitions, open } = await events.append(input);
    expect(transitions).toHaveLength(expected.length);
    const current = model[who].at(-1);
    expect(open?.state ?? null).toBe(current?.closed === false ? current.states.at(-1) : null);
    sent.push({ input, committed: transitions.length > 0 });
    for (const { eventId, stateAfter } of transitions) {
      if (stateAfter === 'Resolved') whenClosed.set(eventId, await whole(eventId));
    }
  }

  for (const who of [0, 1] as const) expect(await historyOf(queries, pair[who])).toEqual(model[who]);
  expect(await brokenInvariants(db)).toEqual([]);
  // I5: what was closed is still exactly as it was.
  for (const [eventId, before] of whenClosed) expect(await whole(eventId)).toEqual(before);
  await db.close();
}

async function historyOf(queries: EventQueries, { siteId, endpointId }: Endpoint): Promise<ModelEvent[]> {
  const all = await queries.list({ siteId, limit: 1_000 });
  const oldestFirst = all.filter((event) => event.endpointId === endpointId).reverse();
  return Promise.all(
    oldestFirst.map(async (event) => ({
      states: (await queries.transitions(event.eventId, { limit: 1_000 })).map(({ stateAfter }) => stateAfter ?? ''),
      startedAtMs: event.startedAtMs,
      lastMs: event.updatedAtMs,
      closed: event.endedAtMs !== null,
    })),
  );
}

it('agrees with the model and keeps every invariant, whatever is appended and sent again', async () => {
  await fc.assert(fc.asyncProperty(fc.array(command, { maxLength: 20 }), run), { numRuns: 60 });
}, 60_000);
