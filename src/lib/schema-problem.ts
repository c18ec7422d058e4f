/** Says in plain words what a schema found wrong with a value that a person or a program sent. */
import type { z } from 'zod';

const KINDS: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  string: 'a text',
  array: 'a list',
  object: 'an object',
};

/**
 * What is wrong, without the name of the place: `"eighty" is not a number`. `root` is the whole that was sent; `isHidden`
 * says of a value that it must not be quoted: `it is not a number`.
 */
export function schemaProblem(
  issue: z.core.$ZodIssue,
  root: unknown,
  isHidden: (value: unknown) => boolean = () => false,
): string {
  const value = issue.path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | null)?.[step], root);
  const quoted = isHidden(value) ? 'it' : shown(value);
  if (value === undefined) return 'it is required';
  switch (issue.code) {
    case 'invalid_type':
      return `${quoted} is not ${KINDS[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `${quoted} is not ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'too_small':
      if (issue.origin === 'string') return 'it is empty';
      return `${quoted} is ${issue.inclusive === false ? 'not more than' : 'less than'} ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `it is longer than ${issue.maximum}`;
      if (issue.origin === 'array') return `it holds more than ${issue.maximum} entries`;
      return `${quoted} is ${issue.inclusive === false ? 'not less than' : 'more than'} ${issue.maximum}`;
    case 'invalid_union': {
      // Ways to write one and the same thing: what the first of them says of it will do.
      const first = issue.errors[0]?.[0];
      if (first?.path.length !== 0) break;
      return schemaProblem({ ...first, path: issue.path } as z.core.$ZodIssue, root, isHidden);
    }
  }
  return `${quoted} is not valid: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'bigint' ? String(value) : (JSON.stringify(value, stringifyBigint) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function stringifyBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
