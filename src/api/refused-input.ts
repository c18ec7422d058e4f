/** From what a schema found wrong to the one refusal that names the member, and the name that was probably meant. */
import type { z } from 'zod';
import { isWriteOnly } from '../contracts/contract.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { schemaProblem } from '../lib/schema-problem.ts';

/** Body members whose refusal has a code of its own. */
const FIELD_CODES: Readonly<Record<string, ErrorCode>> = { monitor_url: 'invalid_url' };
const FILTER_CODES: Readonly<Record<string, ErrorCode>> = { limit: 'invalid_limit', cursor: 'invalid_cursor' };

/** What was sent, and what its schema says of it. */
export type Refused = { error: z.ZodError; sent: unknown; schema: z.ZodObject };

export function fieldRefusal(refused: Refused): AppError {
  return refusal(refused, { codes: FIELD_CODES, otherwise: 'invalid_field', noun: 'member' });
}

export function filterRefusal(refused: Refused): AppError {
  return refusal(refused, { codes: FILTER_CODES, otherwise: 'invalid_filter', noun: 'query member' });
}

type Words = { codes: Readonly<Record<string, ErrorCode>>; otherwise: ErrorCode; noun: string };

/** An unknown member comes first: it is often the misspelt name of one that is missing. */
function refusal({ error, sent, schema }: Refused, words: Words): AppError {
  const unknown = error.issues.find((issue) => issue.code === 'unrecognized_keys')?.keys[0];
  if (unknown !== undefined) return unknownMember(unknown, Object.keys(schema.shape), words);
  const [issue] = error.issues;
  const member = String(issue?.path[0] ?? '');
  const secret = isWriteOnly(schema.shape[member] as z.ZodType | undefined);
  const field = secret ? member : (issue?.path.map(String).join('.') ?? '');
  const code = words.codes[member] ?? words.otherwise;
  const problem = issue === undefined ? 'it is not valid' : secret ? secretProblem(issue) : schemaProblem(issue, sent);
  return new AppError(code, `${words.noun} ${field}: ${problem}`, { fix: `correct ${field}`, details: { field } });
}

/** Says nothing of what was sent. Our own rules speak for themselves. */
function secretProblem(issue: z.core.$ZodIssue): string {
  return issue.code === 'custom' ? issue.message : 'it is not of the shape the documentation shows';
}

function unknownMember(name: string, known: readonly string[], words: Words): AppError {
  const field = name.slice(0, 100);
  const meant = nearest(field, known);
  return new AppError(words.otherwise, `there is no ${words.noun} ${JSON.stringify(field)} here`, {
    fix: meant === null ? `known are ${known.join(', ')}` : `did you mean ${meant}?`,
    details: { field, ...(meant === null ? {} : { nearest: meant }) },
  });
}
