/** Values that many contracts share: ids, instants, states, pages, the error envelope. */
import { z } from 'zod';
import { MAX_ID } from '../domain/ids.ts';
import { STATES } from '../domain/state.ts';

/** A positive 64-bit integer. Beyond 2^53 it is a `bigint` in JavaScript; on the wire it is always a plain integer. */
export const Id = z
  .union([z.int().positive(), z.bigint().positive().max(MAX_ID)])
  .meta({ description: 'A positive 64-bit integer.' });
export type Id = z.output<typeof Id>;

/** The site of an event. Events about the monitor itself belong to none. */
export const EventSiteId = z
  .union([z.int().nonnegative(), z.bigint().nonnegative().max(MAX_ID)])
  .meta({ description: 'The id of a site; 0: the monitor itself.' });

/** RFC 3339 in UTC with three decimals. */
export const Instant = z.iso.datetime().meta({ description: 'RFC 3339 instant in UTC, three decimals.' });

/** An instant as it is sent: RFC 3339 in any zone. */
export const SentInstant = z.iso.datetime({ offset: true }).refine((text) => !Number.isNaN(Date.parse(text)));

export const StateLabel = z.enum(STATES).meta({ id: 'State' });
export const Severity = z.int().min(0).max(255);

/** Phases of a probe in milliseconds; one that did not finish, or that a pause of ours fell into, is absent. */
export const TimingsMs = z
  .object({
    dns: z.number().optional(),
    tcp: z.number().optional(),
    tls: z.number().optional(),
    sent: z.number().optional(),
    ttfb: z.number().optional(),
    headers: z.number().optional(),
    body: z.number().optional(),
    total: z.number().optional(),
  })
  .meta({ id: 'TimingsMs', description: 'Milliseconds; a phase that did not finish is absent.' });
export type TimingsMs = z.output<typeof TimingsMs>;

export const Page = z
  .object({
    next: z
      .string()
      .nullable()
      .meta({ description: 'What to send as `cursor` for the next page; null: this is the last.' }),
    limit: z.int(),
  })
  .meta({ id: 'Page' });

/** A list: rows and an opaque cursor to the next ones. */
export function pageOf<T extends z.ZodType>(row: T) {
  const page = z.object({ data: z.array(row), page: Page });
  const id = row.meta()?.id;
  return id === undefined ? page : page.meta({ id: `${id}List` });
}

/** How a whole number is spelt in a query: no sign but a minus, no zeros before it, nothing around it. */
const WHOLE = /^(?:0|-?[1-9]\d*)$/;

/** A whole number in a query string. */
export function queryInteger(schema: z.ZodNumber | z.ZodNumberFormat) {
  return z.preprocess((text, context) => {
    if (typeof text !== 'string') return text;
    if (WHOLE.test(text)) return Number(text);
    context.issues.push({ code: 'invalid_type', expected: 'int', input: text });
    return z.NEVER;
  }, schema);
}

/** Rows of a page; beyond 200 it is served as 200. */
export function Limit(rows: number) {
  return queryInteger(z.int().min(1))
    .default(rows)
    .meta({ description: 'Rows of a page; more than 200 is taken as 200.' });
}

/** Query members every paged list takes. `limit` above 200 is served as 200. */
export const PageQuery = z.object({
  cursor: z.string().max(200).optional().meta({ description: '`page.next` of the page before.' }),
  limit: Limit(50),
});

/** A boolean in a query string: `true`, `1`, `false` or `0`. */
export const QueryBoolean = z.enum(['true', '1', 'false', '0']);

export const ErrorEnvelope = z
  .object({
    error: z.object({
      code: z.string().meta({ description: 'Stable; one of the codes that the operation names.' }),
      message: z.string().meta({ description: 'For people: what was refused, and why.' }),
      fix: z.string().optional().meta({ description: 'What to do about it.' }),
      details: z.record(z.string(), z.unknown()).optional().meta({ description: 'Small facts for programs.' }),
      request_id: z.string().optional().meta({ description: 'Names the request in the log of the server.' }),
    }),
  })
  .meta({ id: 'ErrorEnvelope' });
export type ErrorEnvelope = z.output<typeof ErrorEnvelope>;
