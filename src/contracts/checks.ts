/** Checks: what a look is judged by, and which of them run on a site or one endpoint of it. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { Id, Instant, PageQuery, pageOf, StateLabel } from './values.ts';

const CheckType = z.string().max(64).meta({ description: 'As in the list of checks, such as `tls_expiry`.' });

/** Every look of an endpoint is judged by every check that runs there. */
export const CheckKind = z.object({
  check_type: CheckType,
  title: z.string(),
  layer: z
    .enum(['reachability', 'transport', 'edge', 'application', 'content', 'reverse'])
    .meta({ description: 'The layer of the stack it speaks for.' }),
  target: z.enum(['endpoint', 'site']).meta({ description: 'What its events are filed under.' }),
  can_be_disabled: z.boolean().meta({ description: 'false: it is what watching is. Pause the endpoint instead.' }),
  states: z.array(StateLabel).meta({ description: 'The states it can suggest.' }),
  findings: z.array(
    z.object({
      reason: z.string().meta({ description: 'Stable; stands in results and in the metadata of events.' }),
      state: StateLabel,
      sentence: z.string().meta({ description: 'What it says, with `{names}` for the facts of the case.' }),
      advice: z.string().meta({ description: 'What the owner of the site can do; empty where nothing is wrong.' }),
      taxonomy: z.array(z.string()).meta({ description: 'Items of the failure taxonomy that it covers.' }),
    }),
  ),
});
export type CheckKind = z.output<typeof CheckKind>;

/** No check has settings of its own yet: what a look is to bring is set on the site or endpoint. */
const NoSettings = z.strictObject({}).meta({ description: 'No check has settings of its own.' });

export const EffectiveCheck = z.object({
  check_type: CheckType,
  title: z.string(),
  can_be_disabled: z.boolean(),
  enabled: z.boolean(),
  source: z
    .enum(['default', 'site', 'endpoint'])
    .meta({ description: 'Where that was said; `default`: nowhere, and every check runs.' }),
  check_id: Id.nullable().meta({ description: 'The setting that says so; null: there is none.' }),
  settings: NoSettings,
  endpoint_ids: z
    .array(Id)
    .meta({ description: 'Endpoints with a setting of their own for it. Empty in the list of an endpoint.' }),
});
export type EffectiveCheck = z.output<typeof EffectiveCheck>;

export const CheckSetting = z.object({
  id: Id,
  site_id: Id,
  endpoint_id: Id.nullable().meta({ description: 'null: every endpoint that has no setting of its own.' }),
  check_type: CheckType,
  enabled: z.boolean(),
  settings: NoSettings,
  created_at: Instant,
  updated_at: Instant,
});
export type CheckSetting = z.output<typeof CheckSetting>;

export const listChecks = defineContract({
  operationId: 'listChecks',
  method: 'GET',
  path: '/api/v1/checks',
  summary: 'The checks there are, and all that each can find',
  tag: 'Checks',
  scope: 'read',
  query: z.strictObject(PageQuery.shape),
  status: 200,
  reply: pageOf(CheckKind),
  errors: ['invalid_limit', 'invalid_cursor', 'invalid_filter'],
  example: {},
});

const inEffect = {
  method: 'GET',
  tag: 'Checks',
  scope: 'read',
  query: z.strictObject(PageQuery.shape),
  status: 200,
  reply: pageOf(EffectiveCheck),
  example: {},
} as const;

export const listSiteChecks = defineContract({
  ...inEffect,
  operationId: 'listSiteChecks',
  path: '/api/v1/sites/:site_id/checks',
  summary: 'Which checks run on the endpoints of a site that have no setting of their own',
  errors: ['invalid_site_id', 'site_not_found', 'invalid_limit', 'invalid_cursor', 'invalid_filter'],
});

export const listEndpointChecks = defineContract({
  ...inEffect,
  operationId: 'listEndpointChecks',
  path: '/api/v1/sites/:site_id/endpoints/:endpoint_id/checks',
  summary: 'Which checks run on one endpoint, and who said so',
  errors: [
    'invalid_site_id',
    'invalid_endpoint_id',
    'site_endpoint_not_found',
    'invalid_limit',
    'invalid_cursor',
    'invalid_filter',
  ],
});

export const createCheck = defineContract({
  operationId: 'createCheck',
  method: 'POST',
  path: '/api/v1/sites/:site_id/checks',
  summary: 'Switch a check off or on, on a site or one endpoint',
  description:
    'From the next look on a check that is off has no say, and what it had open is closed with `manual_override`. An endpoint that has a setting of its own does not follow that of its site.',
  tag: 'Checks',
  scope: 'write',
  body: z.strictObject({
    check_type: CheckType,
    endpoint_id: Id.nullable().optional().meta({ description: 'null or absent: the site.' }),
    enabled: z.boolean(),
    settings: NoSettings.optional(),
  }),
  isIdempotent: true,
  status: 201,
  reply: CheckSetting,
  errors: [
    'invalid_site_id',
    'invalid_body',
    'invalid_field',
    'site_not_found',
    'site_endpoint_not_found',
    'check_exists',
  ],
  example: { body: { check_type: 'redirect_chain', enabled: false } },
});

const ofOne = {
  path: '/api/v1/sites/:site_id/checks/:check_id',
  tag: 'Checks',
  errors: ['invalid_site_id', 'invalid_check_id', 'check_not_found'],
  // Setting 1 is what the example of `createCheck` makes.
  example: { after: ['createCheck'] },
} as const;

export const getCheck = defineContract({
  ...ofOne,
  operationId: 'getCheck',
  method: 'GET',
  summary: 'What was said of one check',
  scope: 'read',
  status: 200,
  reply: CheckSetting,
});

export const updateCheck = defineContract({
  ...ofOne,
  operationId: 'updateCheck',
  method: 'PATCH',
  summary: 'Switch a check off or on',
  scope: 'write',
  body: z.strictObject({ enabled: z.boolean(), settings: NoSettings }).partial(),
  status: 200,
  reply: CheckSetting,
  errors: [...ofOne.errors, 'invalid_body', 'invalid_field'],
  example: { after: ['createCheck'], body: { enabled: true } },
});

export const deleteCheck = defineContract({
  ...ofOne,
  operationId: 'deleteCheck',
  method: 'DELETE',
  summary: 'Take back what was said of a check',
  description: 'What holds then is what was said of the site, or that every check runs.',
  scope: 'write',
  status: 204,
});

const switched = {
  ...ofOne,
  method: 'POST',
  scope: 'write',
  isIdempotent: true,
  status: 200,
  reply: CheckSetting,
} as const;

export const pauseCheck = defineContract({
  ...switched,
  operationId: 'pauseCheck',
  path: '/api/v1/sites/:site_id/checks/:check_id/pause',
  summary: 'Switch a check off: the same as `enabled` false',
});

export const resumeCheck = defineContract({
  ...switched,
  operationId: 'resumeCheck',
  path: '/api/v1/sites/:site_id/checks/:check_id/resume',
  summary: 'Switch a check on: the same as `enabled` true',
});
