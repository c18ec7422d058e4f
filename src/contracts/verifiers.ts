/** The verifiers: who confirms failures from elsewhere, and how far each is believed. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { VerifierStatus } from './status.ts';
import { Instant, Page } from './values.ts';

export const Verifier = VerifierStatus.extend({
  reachable: z.boolean().meta({
    description:
      'Whether it said within two seconds that it is well, at most ten seconds ago. That needs no token: it may be reachable and refuse questions.',
  }),
  version: z.string().nullable().meta({ description: 'What it says that it runs; null: it said nothing.' }),
  answering: z
    .boolean()
    .nullable()
    .meta({ description: 'Whether it answered the newest question; null before the first.' }),
  asked: z.int().min(0).meta({ description: 'Questions for it so far, canaries among them.' }),
  last_asked_at: Instant.nullable(),
  last_answered_at: Instant.nullable(),
});
export type Verifier = z.output<typeof Verifier>;

export const listVerifiers = defineContract({
  operationId: 'listVerifiers',
  method: 'GET',
  path: '/api/v1/verifiers',
  summary: 'The verifiers that are configured, and how far each is believed',
  description:
    'All of them on one page; none where no server runs behind the API. Of the whole monitor, so not for callers who act for a tenant.',
  tag: 'Fleet',
  scope: 'read',
  audience: 'operator',
  status: 200,
  reply: z.object({
    data: z.array(Verifier),
    page: Page,
    quorum: z.int().min(0).meta({ description: 'Regions that must agree; 0: nobody is asked.' }),
  }),
  errors: ['insufficient_scope'],
  example: {},
});
