/** The same done to many sites with one request. */
import { z } from 'zod';
import { defineContract } from './contract.ts';
import { CreateSite, UpdateSite } from './sites.ts';
import { ErrorEnvelope, Id } from './values.ts';

const MOST = 200;

/** An item that is not what its schema says, with what is wrong with it. */
export type Unfit = { unfit: { issues: z.core.$ZodIssue[] }; sent: unknown };

/** The schema of an item that is judged by itself: one that does not fit is refused in its place, and hides no other. */
function apart<T extends z.ZodObject>(schema: T): z.ZodType<z.output<T> | Unfit, z.input<T>> {
  const caught = schema.catch(
    // Without a context it is asked what stands for an absent item in a description of the schema: nothing does.
    (context) => (context === undefined ? undefined : { unfit: context.error, sent: context.value }) as never,
  );
  return caught as unknown as z.ZodType<z.output<T> | Unfit, z.input<T>>;
}

const Atomic = z.boolean().optional().meta({
  description:
    'true: all or nothing. As soon as one is refused none is done; what exists already is no refusal. Sites that are changed together may have 2,000 endpoints at most. false unless said otherwise.',
});

const SiteIds = z
  .array(Id)
  .min(1)
  .max(MOST)
  .refine((ids) => new Set(ids.map(BigInt)).size === ids.length, 'an id is there twice')
  .meta({ description: 'At most 200, each once.' });

export const BulkReply = z.object({
  results: z
    .array(
      z.object({
        index: z.int().meta({ description: 'Its place in the request, from 0.' }),
        status: z.enum(['created', 'exists', 'updated', 'refused', 'skipped']).meta({
          description:
            '`exists`: the URL is watched already; `error` says as which site, and whether that is paused or removed. `skipped`: nothing was done, because another one was refused (`atomic`) or the server failed before it.',
        }),
        site_id: Id.optional(),
        error: ErrorEnvelope.shape.error.optional(),
      }),
    )
    .meta({ description: 'One for each, in their order.' }),
  done: z.int().meta({ description: 'How many were created or updated.' }),
  refused: z.int().meta({ description: 'How many were refused.' }),
});
export type BulkReply = z.output<typeof BulkReply>;

const shared = {
  method: 'POST',
  tag: 'Sites',
  scope: 'write',
  isIdempotent: true,
  status: 200,
  reply: BulkReply,
} as const;

export const bulkCreateSites = defineContract({
  ...shared,
  operationId: 'bulkCreateSites',
  path: '/api/v1/bulk/sites/create',
  summary: 'Watch up to 200 URLs',
  description: 'Each is what `POST /sites` takes, and is created or refused by itself unless `atomic` is set.',
  body: z.strictObject({
    sites: z.array(apart(CreateSite)).min(1).max(MOST).meta({ description: 'At most 200.' }),
    atomic: Atomic,
  }),
  errors: ['invalid_body', 'invalid_field'],
  example: {
    body: { sites: [{ monitor_url: 'https://example.com/shop' }, { monitor_url: 'https://example.com/blog' }] },
  },
});

export const bulkUpdateSites = defineContract({
  ...shared,
  operationId: 'bulkUpdateSites',
  path: '/api/v1/bulk/sites/update',
  summary: 'Make the same changes to up to 200 sites',
  description: 'The changes are what `PATCH /sites/{id}` takes; `monitor_url` only where one site is named.',
  body: z.strictObject({ site_ids: SiteIds, changes: UpdateSite, atomic: Atomic }),
  errors: ['invalid_body', 'invalid_field', 'invalid_url'],
  example: { body: { site_ids: [1], changes: { check_interval: 10 } } },
});

export const bulkPauseSites = defineContract({
  ...shared,
  operationId: 'bulkPauseSites',
  path: '/api/v1/bulk/sites/pause',
  summary: 'Stop looking at up to 200 sites for now; what is open on them is closed',
  body: z.strictObject({ site_ids: SiteIds, atomic: Atomic }),
  errors: ['invalid_body', 'invalid_field'],
  example: { body: { site_ids: [1] } },
});

export const bulkResumeSites = defineContract({
  ...shared,
  operationId: 'bulkResumeSites',
  path: '/api/v1/bulk/sites/resume',
  summary: 'Look at up to 200 sites again',
  body: z.strictObject({ site_ids: SiteIds, atomic: Atomic }),
  errors: ['invalid_body', 'invalid_field'],
  example: { body: { site_ids: [1] } },
});
