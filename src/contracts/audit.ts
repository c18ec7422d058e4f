/** The trace of what was done to a site, beside what its events tell. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { Id, Instant, PageQuery, pageOf, SentInstant } from './values.ts';

export const AuditEntry = z.object({
  id: Id,
  at: Instant,
  event_type: z.string().meta({ description: 'What kind of thing was done, such as `config_change`.' }),
  source: z.string().meta({ description: 'Who did it, such as `api` or `local`.' }),
  detail: z.string().nullable().meta({ description: 'In words. Never the value of what may be a secret.' }),
  event_id: Id.nullable(),
  metadata: z.unknown(),
});
export type AuditEntry = z.output<typeof AuditEntry>;

export const listSiteAudit = defineContract({
  operationId: 'listSiteAudit',
  method: 'GET',
  path: '/api/v1/sites/:site_id/audit',
  summary: 'What was done to a site, newest first',
  description: 'What became of its failures stands in the transitions of its events.',
  tag: 'Sites',
  scope: 'read',
  query: z.strictObject({
    ...PageQuery.shape,
    since: SentInstant.optional().meta({ description: 'From this instant on; RFC 3339.' }),
    until: SentInstant.optional().meta({ description: 'Before this instant; RFC 3339.' }),
  }),
  status: 200,
  reply: pageOf(AuditEntry),
  errors: ['invalid_site_id', 'site_not_found', 'invalid_limit', 'invalid_cursor', 'invalid_filter'],
  example: { query: { limit: 20 } },
});
