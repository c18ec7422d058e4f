/** Rollup rules: how the state of a site is made of the states of its endpoints and checks. */
import { z } from 'zod';
import { CHECK_MODES, CRITICALITIES, ENDPOINT_RULES, REVERSE_MODES } from '../domain/rollup-rules.ts';
import { INCIDENT_STATES } from '../domain/state.ts';
import { defineContract } from './contract.ts';
import { Id, Instant } from './values.ts';

const members = {
  endpoints: z.record(z.string().max(19), z.strictObject({ criticality: z.enum(CRITICALITIES) })).meta({
    description:
      'By the id of an endpoint of the site. Of those not named the first that is watched is critical, the others are not. What is open on a critical endpoint counts in full.',
  }),
  non_critical_cap: z.enum(INCIDENT_STATES).meta({
    description:
      'The worst that an endpoint that is not critical can make of the site. `Warning` unless said otherwise.',
  }),
  endpoint_rule: z.enum(ENDPOINT_RULES).meta({
    description:
      '`majority`: a failure counts in full while most checks of the endpoint that can find it down agree. The same as `worst`, the default, as long as one check alone can.',
  }),
  site_checks: z.record(z.string().max(64), z.strictObject({ mode: z.enum(CHECK_MODES) })).meta({
    description: 'By check type, how its events count for the site. `pass`, in full, for those not named.',
  }),
  reverse: z.strictObject({ mode: z.enum(REVERSE_MODES) }).meta({
    description: 'How what an agent on the site tells counts. `separate`, not at all, unless said otherwise.',
  }),
  unknown_mode: z
    .enum(['overlay'])
    .meta({ description: 'Unknown takes the place of Up alone; there is no other mode.' }),
};

export const SetRollupRules = z.strictObject(members).partial();
export type SetRollupRules = z.output<typeof SetRollupRules>;

export const RollupRules = z.object({
  site_id: Id,
  ...members,
  updated_at: Instant.nullable().meta({ description: 'When they were set; null: the site has none of its own.' }),
});
export type RollupRules = z.output<typeof RollupRules>;

const path = '/api/v1/sites/:site_id/rollup-rules';

export const getRollupRules = defineContract({
  operationId: 'getRollupRules',
  method: 'GET',
  path,
  summary: 'By which rules the state of a site is made of its parts',
  description: 'What the site does not say itself is filled in with the defaults.',
  tag: 'Sites',
  scope: 'read',
  status: 200,
  reply: RollupRules,
  errors: ['invalid_site_id', 'site_not_found'],
  example: {},
});

export const setRollupRules = defineContract({
  operationId: 'setRollupRules',
  method: 'PUT',
  path,
  summary: 'Set the rules of a site, in the place of those it had',
  description: 'Members that are left out are as by default. The state of the site, and its time line, follow at once.',
  tag: 'Sites',
  scope: 'write',
  body: SetRollupRules,
  status: 200,
  reply: RollupRules,
  errors: ['invalid_site_id', 'site_not_found', 'invalid_body', 'invalid_field'],
  example: { body: { non_critical_cap: 'Degraded', site_checks: { tls_expiry: { mode: 'cap:Warning' } } } },
});

export const deleteRollupRules = defineContract({
  operationId: 'deleteRollupRules',
  method: 'DELETE',
  path,
  summary: 'Let the defaults hold for a site again',
  tag: 'Sites',
  scope: 'write',
  status: 204,
  errors: ['invalid_site_id', 'site_not_found'],
  example: {},
});
