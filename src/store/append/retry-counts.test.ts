import { expect, it } from 'vitest';
import type { Mutation } from '../../domain/mutation.ts';
import { createRetryCounts, kindOf } from './retry-counts.ts';

const open = (state: 'Seems Down' | 'Down' | 'Warning') =>
  ({ op: 'open', state, startedAtMs: 1, reason: 'opened' }) as const;
const promote = { op: 'promote', state: 'Down', reason: 'local_confirmed' } as const;
const close = (reason: 'probe_cleared' | 'false_alarm') => ({ op: 'close', reason }) as const;

it.each<[string, Mutation, string]>([
  ['http', open('Seems Down'), 'open_seems_down'],
  ['http', open('Down'), 'open_confirmed_down'],
  ['http', promote, 'promote_to_down'],
  ['http', close('probe_cleared'), 'close_recovered_event'],
  ['http', close('false_alarm'), 'close_event'],
  ['tls_expiry', open('Warning'), 'open_update_ssl_expiry'],
  ['tls_expiry', close('probe_cleared'), 'close_ssl_expiry'],
  ['redirect_chain', open('Warning'), 'other'],
  ['http', { op: 'link', causeEventId: null }, 'other'],
])('of %s, %o is what version 2 called %s', (check, mutation, kind) => {
  expect(kindOf(check, mutation)).toBe(kind);
});

it('every change of what is tried again counts, and how far confirmation has come as one', () => {
  const counts = createRetryCounts();
  const identity = { checkType: 'http' };
  counts.saw([
    { identity, mutations: [close('false_alarm'), open('Down')] },
    { identity, mutations: [] },
  ]);
  counts.saw([{ identity, mutations: [open('Down')] }]);
  expect(counts.read()).toMatchObject({ close_event: 1, open_confirmed_down: 2, other: 1, promote_to_down: 0 });
});
