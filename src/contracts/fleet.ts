/** All that is watched, in numbers. */
import { z } from 'zod';
import { STATES } from '../domain/state.ts';
import { defineContract } from './contract.ts';
import { Instant } from './values.ts';

const Count = z.int().min(0);

export const getFleet = defineContract({
  operationId: 'getFleet',
  method: 'GET',
  path: '/api/v1/fleet',
  summary: 'How many sites are in which state',
  description:
    'Of all sites that the caller may see, removed ones apart. Counted anew when somebody asks, at most once a second, of a large fleet every ten seconds: `counted_at` says when.',
  tag: 'Fleet',
  scope: 'read',
  status: 200,
  reply: z.object({
    sites: z.object({
      total: Count.meta({ description: 'Without removed ones.' }),
      active: Count,
      paused: Count,
      removed: Count,
      by_state: z.object(Object.fromEntries(STATES.map((state) => [state, Count]))),
      by_severity: z
        .record(z.string(), Count)
        .meta({ description: 'By severity, 0 among them; those with no site are absent.' }),
    }),
    endpoints: z.object({ total: Count.meta({ description: 'Without removed ones.' }), active: Count }),
    open_events: z.object({ total: Count, by_check_type: z.record(z.string(), Count) }),
    checks_per_second: z.number().meta({ description: 'Regular checks that fall due in a second.' }),
    counted_at: Instant,
  }),
  errors: [],
  example: {},
});
