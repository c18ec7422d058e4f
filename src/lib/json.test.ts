import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/kit/runs.ts';
import { describeJsonFailure, parseJson, stringifyJson, write } from './json.ts';

function failure(text: string, maxDepth?: number) {
  const parsed = parseJson(text, maxDepth === undefined ? {} : { maxDepth });
  return parsed.ok ? 'ok' : { kind: parsed.kind, at: parsed.at, path: parsed.path };
}

function value(text: string): unknown {
  const parsed = parseJson(text);
  if (!parsed.ok) throw new Error(describeJsonFailure(parsed));
  return parsed.value;
}

/** Plain documents with integers up to 64 bits and names that are allowed. */
const name = fc.string().filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text));
const wide = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(narrow);
const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'binary' }),
    wide,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(exactOrZero),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

function narrow(integer: bigint): number | bigint {
  return Number.isSafeInteger(Number(integer)) ? Number(integer) : integer;
}

/** JSON has no negative zero worth keeping, and a whole double beyond 2^53 is written as an integer. */
function exactOrZero(number: number): number {
  return Object.is(number, -0) || (Number.isInteger(number) && !Number.isSafeInteger(number)) ? 0 : number;
}

describe('parseJson', () => {
  it('keeps integers beyond 2^53 exact and leaves the others numbers', () => {
    expect(value('9007199254740991')).toBe(9007199254740991);
    expect(value('9007199254740993')).toBe(9007199254740993n);
    expect(value('[9223372036854775807,-9223372036854775808]')).toEqual([2n ** 63n - 1n, -(2n ** 63n)]);
    expect(value('{"a":1.5,"b":-0.25e2,"c":0}')).toEqual({ a: 1.5, b: -25, c: 0 });
  });

  it('refuses numbers that 64 bits or a double cannot hold', () => {
    expect(failure('9223372036854775808')).toMatchObject({ kind: 'number_too_large', at: 0 });
    expect(failure('-9223372036854775809')).toMatchObject({ kind: 'number_too_large' });
    expect(failure(`{"id":${'9'.repeat(100_000)}}`)).toMatchObject({ kind: 'number_too_large', path: '$.id' });
    expect(failure('1e400')).toMatchObject({ kind: 'number_too_large' });
  });

  it('refuses duplicate keys however they are spelt, and says where', () => {
    expect(failure('{"a":1,"b":{"x":1,"\\u0078":2}}')).toEqual({ kind: 'duplicate_key', at: 18, path: '$.b.x' });
    expect(failure('[{"a":1},{"a":2}]')).toBe('ok');
  });

  it('refuses keys that reach the prototype', () => {
    for (const key of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']) {
      expect(failure(`[{"${key}":{"admin":true}}]`)).toMatchObject({ kind: 'forbidden_key' });
    }
    expect(value('{"toString":1,"hasOwnProperty":2}')).toEqual({ toString: 1, hasOwnProperty: 2 });
  });

  it('refuses depth beyond the limit without recursing into it', () => {
    expect(failure('['.repeat(16) + ']'.repeat(16))).toBe('ok');
    expect(failure('['.repeat(17) + ']'.repeat(17))).toMatchObject({ kind: 'too_deep', at: 16 });
    expect(failure('[{"a":'.repeat(500_000))).toMatchObject({ kind: 'too_deep' });
    expect(failure('[[1]]', 1)).toMatchObject({ kind: 'too_deep' });
  });

  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '{a:1}',
    '01',
    '1.',
    '.5',
    '+1',
    '-',
    'nul',
    '"\u0001"',
    '"\\x"',
    '"abc',
    '1 2',
    '\uFEFF1',
    'NaN',
    "'a'",
  ])('refuses %j as syntax', (text) => {
    expect(failure(text)).toMatchObject({ kind: 'syntax' });
  });

  it('agrees with JSON.parse on any text it accepts or refuses as syntax', () => {
    const tokens = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '"b"', '1', '-2.5e1', 'true', 'null', ' ', '"');
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const ours = parseJson(text);
        let theirs: unknown;
        try {
          theirs = JSON.parse(text);
        } catch {
          expect(ours.ok).toBe(false);
          return;
        }
        if (ours.ok) expect(ours.value).toEqual(theirs);
        else expect(ours.kind).not.toBe('syntax');
      }),
      { numRuns: runs(3_000) },
    );
  });

  it('never throws on garbage', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.json()), (text) => {
        const parsed = parseJson(text);
        if (!parsed.ok) expect(describeJsonFailure(parsed)).not.toContain('\u0000');
      }),
      { numRuns: runs(1_000) },
    );
  });
});

describe('stringifyJson', () => {
  it('writes bigint as plain integers', () => {
    expect(stringifyJson({ id: 9007199254740993n, list: [1n, -2n], at: new Date(0) })).toBe(
      '{"id":9007199254740993,"list":[1,-2],"at":"1970-01-01T00:00:00.000Z"}',
    );
    expect(stringifyJson(undefined)).toBe('null');
  });

  it('round trips every document', () => {
    fc.assert(
      fc.property(document, (input) => {
        expect(value(stringifyJson(input))).toEqual(input);
      }),
    );
  });

  it('writes the same text where the language lacks rawJSON', () => {
    fc.assert(
      fc.property(document, (input) => {
        expect(write(input)).toBe(stringifyJson(input));
      }),
    );
    expect(write({ a: undefined, b: [undefined], c: Number.NaN })).toBe('{"b":[null],"c":null}');
  });
});
