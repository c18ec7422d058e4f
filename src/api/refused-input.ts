/** From what a schema found wrong to the one refusal that names the member, and the name that was probably meant. */
import type { z } from 'zod';
import { isWriteOnly } from '../contracts/contract.ts';
import { AppError, type ErrorCode } from '../domain/errors.ts';
import { nearest } from '../lib/nearest.ts';
import { schemaProblem } from '../lib/schema-problem.ts';

/** Body members whose refusal has a code of its own. */
const FIELD_CODES: Readonly<Record<string, ErrorCode>> = {
  monitor_url: 'invalid_url',
  blog_id: 'invalid_blog_id',
  redirect_policy: 'invalid_redirect_policy',
  custom_headers: 'invalid_custom_headers',
};
/** The same of query members, where the contract promises it. */
const FILTER_CODES: Readonly<Record<string, ErrorCode>> = {
  limit: 'invalid_limit',
  cursor: 'invalid_cursor',
  state: 'invalid_state_filter',
  state__in: 'invalid_state_filter',
  severity__gte: 'invalid_severity',
  monitor_active: 'invalid_monitor_active',
  include_cli_metadata: 'invalid_include_cli_metadata',
  active: 'invalid_active',
  started_at__gte: 'invalid_started_at__gte',
  started_at__lt: 'invalid_started_at__lt',
  window: 'invalid_window',
  from: 'invalid_window',
  to: 'invalid_window',
};

/** What was sent, and what its schema says of it. */
export type Refused = { error: Pick<z.ZodError, 'issues'>; sent: unknown; schema: z.ZodObject };

export function fieldRefusal(refused: Refused): AppError {
  return refusal(refused, { codes: FIELD_CODES, otherwise: 'invalid_field', noun: 'member' });
}

export function filterRefusal(refused: Refused, promised: readonly ErrorCode[]): AppError {
  const codes = Object.fromEntries(Object.entries(FILTER_CODES).filter(([, code]) => promised.includes(code)));
  return refusal(refused, { codes, otherwise: 'invalid_filter', noun: 'query member' });
}

type Words = { codes: Readonly<Record<string, ErrorCode>>; otherwise: ErrorCode; noun: string };

/** An unknown member comes first: it is often the misspelt name of one that is missing. */
function refusal({ error, sent, schema }: Refused, words: Words): AppError {
  const unknown = error.issues.find((issue) => issue.code === 'unrecognized_keys');
  if (unknown?.keys[0] !== undefined) return unknownMember(unknown.keys[0], unknown.path, schema, words);
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

function unknownMember(name: string, path: readonly PropertyKey[], schema: z.ZodType, words: Words): AppError {
  const field = name.slice(0, 100);
  const known = membersAt(schema, path);
  const meant = nearest(field, known);
  const where = path.length === 0 ? 'here' : `in ${path.map(String).join('.')}`;
  return new AppError(words.otherwise, `there is no ${words.noun} ${JSON.stringify(field)} ${where}`, {
    fix:
      meant === null
        ? known.length === 0
          ? 'leave it out'
          : `known are ${known.join(', ')}`
        : `did you mean ${meant}?`,
    details: { field: [...path.map(String), field].join('.'), ...(meant === null ? {} : { nearest: meant }) },
  });
}

/** The names that an object within a schema knows; none where there is no such object. */
function membersAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: z.ZodType | undefined = unwrapped(schema);
  for (const step of path) at = unwrapped(within(at, step));
  return at?.def.type === 'object' ? Object.keys((at as z.ZodObject).shape) : [];
}

function within(schema: z.ZodType | undefined, step: PropertyKey): z.ZodType | undefined {
  switch (schema?.def.type) {
    case 'object':
      return (schema as z.ZodObject).shape[String(step)] as z.ZodType | undefined;
    case 'array':
      return (schema as z.ZodArray<z.ZodType>).element;
    case 'record':
      return (schema as z.ZodRecord<z.ZodString, z.ZodType>).valueType;
    default:
      return undefined;
  }
}

function unwrapped(schema: z.ZodType | undefined): z.ZodType | undefined {
  const inner = schema?.def.type === 'optional' || schema?.def.type === 'nullable';
  return inner ? unwrapped((schema as z.ZodOptional<z.ZodType>).unwrap()) : schema;
}
