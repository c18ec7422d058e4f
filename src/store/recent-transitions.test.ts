import { expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';

const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 500, reason: 'opened' } as const;
const STEP_DOWN = { op: 'promote', state: 'Degraded', reason: 'severity_deescalation' } as const;

it('what happened lately is told in order, with the events it belongs to and without what is older', async () => {
  const { events, recentTransitions, addEndpoint } = await temporaryStore();
  const [one, other] = [await addEndpoint(), await addEndpoint()];
  await events.append(appendTo(one, [OPEN], { atMs: 1_000 }));
  await events.append(appendTo(other, [OPEN], { atMs: 2_000 }));
  await events.append(appendTo(one, [{ op: 'close', reason: 'probe_cleared' }], { atMs: 3_000 }));
  const since = await recentTransitions.since(1_500);
  expect(since.map(({ endpointId, atMs }) => [endpointId, atMs])).toEqual([
    [other.endpointId, 2_000],
    [one.endpointId, 3_000],
  ]);
  expect(since.at(-1)).toMatchObject({ startedAtMs: 500, stateBefore: 'Seems Down', stateAfter: 'Resolved' });
  expect((await recentTransitions.ofEndpoint(one, 0)).map(({ reason }) => reason)).toEqual(['opened', 'probe_cleared']);
});

it('the flap brake is known by the fact it leaves, whatever the evidence says', async () => {
  const { events, recentTransitions, addEndpoint } = await temporaryStore();
  const [braked, advisory] = [await addEndpoint(), await addEndpoint()];
  const metadata = { summary: '"flapping":"x"', evidence: { flapping: 'x' } };
  await events.append(appendTo(braked, [OPEN, { ...STEP_DOWN, facts: { flapping: 'began to fail 4 times' } }]));
  await events.append(appendTo(advisory, [OPEN, STEP_DOWN], { metadata }));
  const found = (await recentTransitions.since(0)).filter(({ isBrake }) => isBrake);
  expect(found.map(({ endpointId }) => endpointId)).toEqual([braked.endpointId]);
});
