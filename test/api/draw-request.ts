/** Requests drawn for an operation: most of them right or nearly so, some of them nothing that a client would send. */
import fc from 'fast-check';
import type { JsonSchema } from '../../src/contracts/openapi/json-schema.ts';
import { stringifyJson } from '../../src/lib/json.ts';
import { drawValue, OddText, OddValue, rarely } from './draw-values.ts';
import type { Promised, PromisedBody, PromisedOperation } from './promised.ts';

/** How the caller names itself: as it is, or in one of the ways that must not let anybody in. */
export type Credential = 'own' | 'none' | 'malformed' | 'unknown';

export type DrawnRequest = {
  operation: PromisedOperation;
  /** Path and query as they go over the wire. */
  url: string;
  /** The path leads to the operation and nowhere else. */
  isPlainPath: boolean;
  credential: Credential;
  /** Which of the callers asks: from 0 to 1 along their list. */
  caller: number;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | null;
};

/** Where a cursor that was seen in a reply is put in. */
export const SEEN_CURSOR = 'SEEN_CURSOR';

export function drawRequest(promised: Promised): fc.Arbitrary<DrawnRequest> {
  // Where there is more to get wrong, more is tried.
  return fc.oneof(
    ...promised.operations.map((operation) => ({
      weight: operation.body === null ? 1 : 4,
      arbitrary: drawFor(promised, operation),
    })),
  );
}

function drawFor(promised: Promised, operation: PromisedOperation): fc.Arbitrary<DrawnRequest> {
  return fc
    .record({
      path: drawPath(operation),
      query: drawQuery(promised, operation),
      credential: fc.oneof(
        { weight: 40, arbitrary: fc.constant<Credential>('own') },
        { weight: 3, arbitrary: fc.constantFrom<Credential>('none', 'malformed', 'unknown') },
      ),
      caller: fc.noBias(fc.integer({ min: 0, max: 99 })).map((percent) => percent / 100),
      headers: drawHeaders(operation),
      body: drawBody(promised, operation),
    })
    .map(({ path, query, ...rest }) => ({ operation, url: path.text + query, isPlainPath: path.isPlain, ...rest }));
}

const PathId = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 1, max: 8 }).map(String) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '9223372036854775807',
      '9223372036854775808',
      '99999999999999999999999999',
      '0',
      '-1',
      '01',
      '1.5',
      '1e3',
      'abc',
      'null',
      '0x10',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('%00', '%31', '%2e%2e', '%D9%A3', '..', '', '1'.repeat(65), '%zz', '1;2', '1%2F2'),
  },
);

/** One that means what it says, to the router, too. */
const PLAIN = /^[\w-][\w.-]{0,63}$/;

function drawPath({ path }: PromisedOperation): fc.Arbitrary<{ text: string; isPlain: boolean }> {
  const names = [...path.matchAll(/\{(\w+)\}/g)];
  return fc.tuple(...names.map(() => PathId)).map((ids) => {
    let next = 0;
    const text = path.replace(/\{\w+\}/g, () => ids[next++] ?? '');
    return { text, isPlain: ids.every((id) => PLAIN.test(id)) };
  });
}

const RAW_QUERY = ['%', '%zz', '%ff=%ff', '=x', '&&&', 'a[b]=c', '__proto__=1', 'constructor=1', 'x'.repeat(2_000)];

const CURSORS = [
  'eyJpZCI6MX0',
  'eyJpZCI6MH0',
  'eyJpZCI6LTF9',
  'eyJpZCI6OTIyMzM3MjAzNjg1NDc3NTgwOH0',
  'bnVsbA',
  'e30',
  '!!',
];

function drawQuery(promised: Promised, { parameters }: PromisedOperation): fc.Arbitrary<string> {
  const own = parameters
    .filter((parameter) => parameter.in === 'query')
    .map(({ name, schema }) => {
      const right = drawValue(promised, schema).map(textOf);
      const cursor = fc.constantFrom(SEEN_CURSOR, ...CURSORS);
      const value = fc.oneof(
        { weight: 4, arbitrary: name === 'cursor' ? cursor : right },
        { weight: 1, arbitrary: OddText },
        { weight: 1, arbitrary: fc.constantFrom('-1', '0', '201', '1e3', '99999999999999999999', 'null', 'a,b', ',') },
      );
      const times = fc.oneof(
        { weight: 30, arbitrary: fc.constant(0) },
        { weight: 10, arbitrary: fc.constant(1) },
        { weight: 1, arbitrary: fc.constant(2) },
      );
      return fc.tuple(times, value).map(([n, text]) => Array<string>(n).fill(`${name}=${encoded(text)}`));
    });
  const raw = rarely(40, fc.constantFrom(...RAW_QUERY));
  const extra = rarely(40, fc.constant('no_such_member=1'));
  return fc.tuple(fc.tuple(...own), extra, raw).map(([pairs, more, odd]) => {
    const parts = [...pairs.flat(), ...(more === null ? [] : [more]), ...(odd === null ? [] : [odd])];
    return parts.length === 0 ? '' : `?${parts.join('&')}`;
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}

/** Half a character has no place in a URL. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function drawHeaders({ parameters }: PromisedOperation): fc.Arbitrary<Record<string, string>> {
  const odd = fc.oneof(
    { weight: 30, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Record<string, string>>(
        { 'content-type': 'text/plain' },
        { 'content-type': 'application/x-www-form-urlencoded; charset=latin1' },
        { 'content-type': ';;;' },
        { 'content-encoding': 'gzip' },
        { accept: 'text/html' },
        { 'accept-encoding': 'br' },
        { 'x-http-method-override': 'DELETE' },
        { cookie: 'jetmon_session=1.2; =; a' },
        { 'if-none-match': '"x", *' },
        { range: 'bytes=0-1' },
      ),
    },
  );
  const hasKey = parameters.some(({ name }) => name === 'Idempotency-Key');
  const key = fc.option(fc.constantFrom('a', 'b', 'c', 'x'.repeat(255), 'x'.repeat(300), ' ', 'ä'), { freq: 2 });
  return fc.tuple(odd, hasKey ? key : fc.constant(null)).map(([headers, text]) => {
    return text === null ? headers : { ...headers, 'idempotency-key': text };
  });
}

const RAW_BODIES: readonly (string | Uint8Array)[] = [
  '',
  ' ',
  '{',
  'null',
  '[]',
  '"x"',
  '{}x',
  '{"a":1,"a":2}',
  '{"__proto__":{}}',
  '{"constructor":1}',
  '{"a":1e999}',
  '{"a":NaN}',
  '{"a":1,}',
  '\ufeff{}',
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `{"monitor_url":${'{"a":'.repeat(20)}1${'}'.repeat(20)}}`,
  Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
  Uint8Array.of(0, 0, 0),
];

function drawBody(promised: Promised, { body, method }: PromisedOperation): fc.Arbitrary<Uint8Array | null> {
  const raw = fc.constantFrom(...RAW_BODIES).map((text) => (typeof text === 'string' ? Buffer.from(text) : text));
  if (body === null) {
    return method === 'GET' ? fc.constant(null) : rarely(12, raw);
  }
  const { properties = {} } = promised.follow(body.schema);
  const right = drawRight(promised, body, properties);
  const sent = (value: unknown) => Buffer.from(stringifyJson(value));
  return fc.oneof(
    { weight: 6, arbitrary: right.map(sent) },
    { weight: 5, arbitrary: spoiled(right, properties).map(sent) },
    { weight: 1, arbitrary: raw },
    { weight: 1, arbitrary: OddValue.map(sent) },
  );
}

/** As the schema has it, as the example has it, and as the example has it but for one member. */
function drawRight(
  promised: Promised,
  { schema, example }: PromisedBody,
  members: Readonly<Record<string, JsonSchema>>,
): fc.Arbitrary<unknown> {
  const drawn = drawValue(promised, schema);
  if (typeof example !== 'object' || example === null) return drawn;
  const one = Object.entries(members).map(([name, member]) =>
    drawValue(promised, member).map((value) => ({ ...example, [name]: value })),
  );
  return fc.oneof(drawn, fc.constant(example), { weight: 3, arbitrary: fc.oneof(fc.constant(example), ...one) });
}

/** Right but for one member, which is gone, of another kind, or new. */
function spoiled(right: fc.Arbitrary<unknown>, members: object): fc.Arbitrary<unknown> {
  const names = [...Object.keys(members), 'no_such_member'];
  return fc
    .tuple(right, fc.constantFrom(...names), fc.option(OddValue, { freq: 6, nil: undefined }))
    .map(([value, name, odd]) => {
      const { [name]: _, ...rest } = value as Record<string, unknown>;
      return odd === undefined ? rest : { ...rest, [name]: odd };
    });
}
