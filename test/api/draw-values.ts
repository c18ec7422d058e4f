/** Values drawn from a schema: such as it takes, and such as somebody might send all the same. */
import fc from 'fast-check';
import type { JsonSchema } from '../../src/contracts/openapi/json-schema.ts';
import type { Promised } from './promised.ts';

const MAX_DEPTH = 5;
const LARGEST = 2n ** 63n - 1n;

/** Few and small ids hit what is there. */
const Ids = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 1, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom<number | bigint>(LARGEST, 2 ** 53 - 1, 2n ** 53n + 1n) },
);

/** By number: the library builds a table of a million entries for units that it is asked for by name. */
const unit = (min: number, max: number) => fc.integer({ min, max }).map((point) => String.fromCodePoint(point));
const AsciiUnit = unit(0x20, 0x7e);
const OddUnit = fc.oneof(unit(0, 0x7f), unit(0x80, 0x3ff), unit(0xd800, 0xdfff), unit(0, 0x10ffff));

export const OddText = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    '\ud800',
    '\u202e\u2066',
    'e\u0301',
    '\ufeff',
    '💣'.repeat(100),
    'a'.repeat(299),
    'a'.repeat(5_000),
    '__proto__',
    "' or 1=1 --",
    '%_\\',
    '%00',
    '../../etc/passwd',
    'http://[::1',
    'https://user:secret@x.example/',
    `https://x.example/${'a'.repeat(400)}`,
    'https://xn--a.example/',
    'http://127.0.0.1:0/',
    'javascript:alert(1)',
    '2026-13-45T99:99:99Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '+275760-09-13T00:00:00.001Z',
    '2026-05-01T24:00:00+23:59',
    'true',
    '1',
    '1e3',
    '٣',
  ),
  fc.string({ unit: OddUnit, maxLength: 40 }),
  fc.string({ unit: OddUnit, maxLength: 600 }),
);

/** JSON values of every kind. `bigint` is an integer beyond what a double holds. */
export const OddValue: fc.Arbitrary<unknown> = fc.oneof(
  OddText,
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -0,
    -1,
    1.5,
    256,
    65_536,
    604_801,
    2 ** 31,
    2 ** 53,
    1e308,
    LARGEST,
    LARGEST + 1n,
    -LARGEST - 2n,
    [],
    {},
    [null],
    [[]],
    { '': '' },
    { a: { b: { c: [] } } },
  ),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** One time in `times`; null otherwise. */
export function rarely<T>(times: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: times - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** What the schema takes, bounds and all. */
export function drawValue(promised: Promised, schema: JsonSchema, depth = 0): fc.Arbitrary<unknown> {
  const whole = promised.follow(schema);
  const { type, anyOf, format } = whole;
  if (whole.enum !== undefined) return fc.constantFrom(...whole.enum);
  if (whole.const !== undefined) return fc.constant(whole.const);
  if (anyOf !== undefined) return fc.oneof(...anyOf.map((one) => drawValue(promised, one, depth)));
  if (Array.isArray(type)) return fc.oneof(...type.map((one) => drawValue(promised, { ...whole, type: one }, depth)));
  if (type === 'integer' && format === 'int64') return Ids;
  if (type === 'integer' || type === 'number') return drawNumber(whole);
  if (type === 'boolean') return fc.boolean();
  if (type === 'null') return fc.constant(null);
  if (type === 'string') return drawText(whole);
  if (type === 'array') {
    const { items = {}, maxItems } = whole;
    const most = Math.min(depth >= MAX_DEPTH ? 0 : 3, typeof maxItems === 'number' ? maxItems : 3);
    return fc.array(drawValue(promised, items, depth + 1), { maxLength: most });
  }
  if (type === 'object') return drawObject(promised, whole, depth);
  return fc.jsonValue({ maxDepth: 2 });
}

function drawObject(promised: Promised, schema: JsonSchema, depth: number): fc.Arbitrary<unknown> {
  const { properties, required = [], additionalProperties } = schema;
  if (properties === undefined) {
    const value = typeof additionalProperties === 'object' ? additionalProperties : {};
    const key = fc.constantFrom('accept', 'x-one', 'x-two', 'user-agent');
    return fc.dictionary(key, drawValue(promised, value, depth + 1), { maxKeys: 3, noNullPrototype: true });
  }
  const members = Object.entries(properties).map(([name, member]) => {
    const value = drawValue(promised, member, depth + 1);
    // Most members are left out most of the time: the few that are there are the more telling.
    return fc
      .tuple(
        fc.constant(name),
        required.includes(name)
          ? value
          : rarely(
              4,
              value.map((drawn) => ({ drawn })),
            ).map((some) => some?.drawn),
      )
      .map(([key, drawn]): [string, unknown] => [key, drawn]);
  });
  return fc.tuple(...members).map((entries) => Object.fromEntries(entries.filter(([, value]) => value !== undefined)));
}

function drawNumber({ minimum, maximum, type }: JsonSchema): fc.Arbitrary<unknown> {
  const min = Number(minimum ?? -1_000_000);
  const max = Number(maximum ?? Math.max(min, 0) + 1_000_000);
  const inside = type === 'integer' ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true });
  return fc.oneof(fc.constantFrom(min, max), inside);
}

function drawText({ format, maxLength, minLength, pattern }: JsonSchema): fc.Arbitrary<unknown> {
  if (format === 'uri') {
    const label = fc.string({ unit: fc.constantFrom(...'abcdefgh'), minLength: 1, maxLength: 4 });
    return fc
      .tuple(fc.constantFrom('http', 'https'), label, fc.constantFrom('', 'a', 'a?b=c', '%C3%A4'))
      .map(([scheme, name, path]) => `${scheme}://${name}.example/${path}`);
  }
  if (format === 'date-time') {
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((at) => at.toISOString());
  }
  if (format === 'date') return fc.constantFrom('2026-05-04', '1970-01-01', '2099-12-31');
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern, 'u'));
  const most = typeof maxLength === 'number' ? maxLength : 200;
  const least = typeof minLength === 'number' ? minLength : 0;
  return fc.oneof(
    fc.string({ unit: AsciiUnit, minLength: least, maxLength: Math.max(least, Math.min(most, 30)) }),
    fc.constant('x'.repeat(most)),
    fc.constant('x'.repeat(Math.max(least, Math.min(1, most)))),
  );
}
