import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { schemaProblem } from './schema-problem.ts';

const Schema = z.object({
  port: z.int().min(1).max(65_535),
  name: z.string().min(1).max(5),
  format: z.enum(['text', 'json']),
  on: z.boolean(),
  list: z.array(z.string()).max(2),
  share: z.number().gt(0).lt(1).optional(),
  id: z.union([z.int().positive(), z.bigint().positive()]).optional(),
});
const FINE = { port: 1, name: 'x', format: 'text', on: true, list: [] };

function problemWith(member: object): string {
  const root = { ...FINE, ...member };
  const issue = Schema.safeParse(root).error?.issues[0];
  if (issue === undefined) throw new Error('nothing is wrong with it');
  return schemaProblem(issue, root);
}

describe('a value that does not fit', () => {
  it.each([
    [{ port: undefined }, 'it is required'],
    [{ port: 'eighty' }, '"eighty" is not a number'],
    [{ port: 1.5 }, '1.5 is not a whole number'],
    [{ port: 0 }, '0 is less than 1'],
    [{ port: 70_000 }, '70000 is more than 65535'],
    [{ share: 0 }, '0 is not more than 0'],
    [{ share: 1 }, '1 is not less than 1'],
    [{ id: 0 }, '0 is not more than 0'],
    [{ id: -5 }, '-5 is not more than 0'],
    [{ id: 1.5 }, '1.5 is not a whole number'],
    [{ id: 'seven' }, '"seven" is not a number'],
    [{ port: 10n ** 30n }, /^1000000000000000000000000000000 is /],
    [{ name: '' }, 'it is empty'],
    [{ name: 'abcdef' }, 'it is longer than 5'],
    [{ format: 'xml' }, '"xml" is not one of text, json'],
    [{ on: 'yes' }, '"yes" is not true or false'],
    [{ list: null }, 'null is not a list'],
    [{ list: ['a', 3] }, '3 is not a text'],
    [{ list: ['a', 'b', 'c'] }, 'it holds more than 2 entries'],
    [{ list: { text: 'x'.repeat(500) } }, /^\{"text":"x{50,60}\.\.\. is not a list$/],
  ])('is told in words (case %#)', (member, words) => {
    const said = problemWith(member);
    if (typeof words === 'string') expect(said).toBe(words);
    else expect(said).toMatch(words);
  });
});
