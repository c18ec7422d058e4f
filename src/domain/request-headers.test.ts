import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../../test/kit/runs.ts';
import { headerProblem, headersProblem, MAX_HEADER_BYTES, MAX_HEADERS, type RequestHeader } from './request-headers.ts';

const CANARY = 'canary-3c07';

const many = (count: number): RequestHeader[] => Array.from({ length: count }, (_, n) => [`X-${n}`, CANARY]);

describe('a header field', () => {
  it.each([
    ['X-Token', 'a'],
    ['x-token', ''],
    ["!#$%&'*+-.^_`|~09azAZ", 'a'],
    ['N'.repeat(100), 'a'],
    ['Authorization', 'Basic dXNlcjpwYXNz'],
    ['Cookie', 'a=b; c="d, e"'],
    ['User-Agent', 'mine (x; y)'],
    ['Accept', 'text/html'],
    ['X-Tab', 'a\tb'],
    ['X-Latin', '\u0080 \u00e9\u00ff'],
  ])('may be %s: %j', (name, value) => {
    expect(headerProblem(name, value)).toBeNull();
  });

  it.each([
    '',
    ' X-A',
    'X-A ',
    'X A',
    'X-A:',
    ':authority',
    'X\r\nY',
    'X\u0000',
    'X\u00e9',
    'N'.repeat(101),
    `X: ${CANARY}`,
  ])('is refused under the name %j, which is not repeated', (name) => {
    const problem = headerProblem(name, CANARY);
    expect(problem).toMatch(/^a header name must be .+; write it without colon or spaces$/);
    expect(problem).not.toContain(CANARY);
  });

  it.each([
    'Host',
    'Connection',
    'Content-Length',
    'Transfer-Encoding',
    'Upgrade',
    'Expect',
    'Keep-Alive',
    'TE',
    'Trailer',
    'HTTP2-Settings',
    'Accept-Encoding',
    'Proxy-Authorization',
    'Proxy-Connection',
    'Proxy-Anything',
  ])('is not for others to send when it is %s, in whatever capitals', (name) => {
    for (const spelling of [name, name.toLowerCase(), name.toUpperCase()]) {
      const problem = headerProblem(spelling, CANARY);
      expect(problem?.toLowerCase()).toContain(`header ${name.toLowerCase()} `);
      expect(problem).toContain('leave it out');
      expect(problem).not.toContain(CANARY);
    }
  });

  it.each(['__proto__', 'constructor', 'prototype'])(
    'is refused under the name %s, which would be lost on the way',
    (name) => {
      expect(headerProblem(name, 'x')).toContain(`header ${name} has a name that JSON cannot carry`);
    },
  );

  it.each([
    `${CANARY}\r\nX-B: b`,
    `${CANARY}\n`,
    `${CANARY}\r`,
    `\u0000${CANARY}`,
    `${CANARY}\u001b[31m`,
    `${CANARY}\u007f`,
    `${CANARY}\u0100`,
    // In Latin-1 these would become CR and LF.
    `${CANARY}\u010d\u010a`,
    `${CANARY}\u2028`,
    `\ud83d${CANARY}`,
  ])('is refused with the value %j, which is not repeated', (value) => {
    expect(headerProblem('X-A', value)).toBe(
      'the value of header X-A holds a character that cannot be sent; use printable ASCII or Latin-1, on one line',
    );
  });

  it.each([' a', 'a ', '\ta', 'a\t', ' '])('is refused with a space at an end of its value: %j', (value) => {
    expect(headerProblem('X-A', value)).toContain('header X-A starts or ends with a space');
  });

  it('is one line of one byte a character when it may be sent, whatever it is', () => {
    const text = fc.string({ unit: 'binary' });
    const hostile = fc.oneof(text, fc.constantFrom('\r\nX: y', 'a\u010ab', '\0', 'Host', 'te', 'plain'));
    fc.assert(
      fc.property(hostile, hostile, (name, value) => {
        if (headerProblem(name, value) !== null) return;
        const bytes = Buffer.from(`${name}: ${value}`, 'latin1');
        expect(bytes.toString('latin1')).toBe(`${name}: ${value}`);
        expect(bytes.every((byte) => byte >= 0x20 || byte === 0x09)).toBe(true);
        expect(name).not.toMatch(/[\s:]/);
      }),
      { numRuns: runs(2_000) },
    );
  });
});

describe('all header fields together', () => {
  it('may be none, and as many and as long as the bounds say', () => {
    expect(headersProblem([])).toBeNull();
    expect(headersProblem(many(MAX_HEADERS))).toBeNull();
    expect(headersProblem([['X-A', 'x'.repeat(MAX_HEADER_BYTES - 'X-A: \r\n'.length)]])).toBeNull();
  });

  it('are refused beyond them, with the bound', () => {
    expect(headersProblem(many(MAX_HEADERS + 1))).toBe('there are 21 headers; keep at most 20');
    const long: RequestHeader[] = [
      ['X-A', 'x'.repeat(2_000)],
      ['X-B', 'x'.repeat(2_086)],
    ];
    expect(headersProblem(long)).toBe('the headers are longer than 4096 bytes; shorten or drop some');
  });

  it('are refused when two have one name, whatever its capitals', () => {
    const twice = headersProblem([
      ['X-Token', 'a'],
      ['x-TOKEN', CANARY],
    ]);
    expect(twice).toContain('header x-TOKEN is there twice');
    expect(twice).not.toContain(CANARY);
  });

  it('are refused for the first that may not be sent', () => {
    expect(
      headersProblem([
        ['X-A', 'fine'],
        ['Host', CANARY],
        ['', CANARY],
      ]),
    ).toContain('header Host');
  });
});
