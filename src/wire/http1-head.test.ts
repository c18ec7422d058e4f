import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createHeadParser, type HeadParser, MAX_LOCATION_LENGTH } from './http1-head.ts';

function parse(text: string): HeadParser {
  const parser = createHeadParser();
  parser.push(Buffer.from(text, 'latin1'));
  return parser;
}

function headersOf(lines: string): [string, string][] | undefined {
  return parse(`HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`).head()?.headers;
}

describe('the head of a reply', () => {
  it('is a status and fields with names in lower case, in order', () => {
    const parser = parse('HTTP/1.1 404 Not Found\r\nServer: x\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n');
    expect(parser.head()).toEqual({
      status: 404,
      headers: [
        ['server', 'x'],
        ['set-cookie', 'a'],
        ['set-cookie', 'b'],
      ],
    });
  });

  it('ends at its empty line, and says how many bytes were its own', () => {
    const parser = createHeadParser();
    expect(parser.push(Buffer.from('HTTP/1.0 200 OK\r\n\r\nbody'))).toBe(19);
    expect(parser.head()?.status).toBe(200);
  });

  it('reads the same however its bytes are cut', () => {
    const text = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n folded\r\nB: 2\r\n\r\n';
    const whole = parse(text).head();
    expect(whole?.headers).toEqual([
      ['a', '1 folded'],
      ['b', '2'],
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: text.length - 1 })), (cuts) => {
        const parser = createHeadParser();
        const points = [0, ...cuts.sort((a, b) => a - b), text.length];
        points.slice(1).forEach((end, index) => {
          parser.push(Buffer.from(text.slice(points[index], end), 'latin1'));
        });
        expect(parser.head()).toEqual(whole);
      }),
    );
  });

  it('may lack a reason, and may end its lines with a bare LF', () => {
    expect(parse('HTTP/1.1 204\nA: 1\n\n').head()).toEqual({ status: 204, headers: [['a', '1']] });
  });

  it.each([
    ['SSH-2.0-OpenSSH_9.6\r\n'],
    ['220 mail.example ESMTP\r\n'],
    ['\r\nHTTP/1.1 200 OK\r\n'],
    ['HTTP/2.0 200 OK\r\n'],
    ['HTTP/1.1 20 OK\r\n'],
    ['HTTP/1.1 2000 OK\r\n'],
    ['HTTP/1.1 099 Low\r\n'],
    ['HTTP/1.1  200 OK\r\n'],
    ['http/1.1 200 OK\r\n'],
  ])('does not start with %j', (text) => {
    expect(parse(text).failure()?.code).toBe('NOT_HTTP');
  });

  it('is given up at the first bytes of another protocol, without waiting for a line', () => {
    expect(parse('SSH').failure()?.code).toBe('NOT_HTTP');
    expect(parse('HTT').failure()).toBeNull();
  });

  it('passes over lines that are no fields, as browsers do', () => {
    expect(headersOf('no colon here\r\n: no name\r\nbad name: x\r\nGood : y')).toEqual([['good', 'y']]);
  });

  it('has values without control characters that could break a line', () => {
    expect(headersOf('a: x\0y\rz')).toEqual([['a', 'x y z']]);
  });

  it('has values cut at 2 KiB, except where a redirect points to', () => {
    expect(headersOf(`a: ${'x'.repeat(5_000)}`)?.[0]?.[1]).toHaveLength(2_048);
    expect(headersOf(`Location: /${'x'.repeat(5_000)}`)?.[0]?.[1]).toHaveLength(5_001);
  });

  it('has one character more of a location that was cut than of one that fits', () => {
    const locationOf = (length: number) => headersOf(`Location: ${'x'.repeat(length)}`)?.[0]?.[1];
    expect(locationOf(MAX_LOCATION_LENGTH)).toHaveLength(MAX_LOCATION_LENGTH);
    for (const length of [1, 2, 9_000]) {
      expect(locationOf(MAX_LOCATION_LENGTH + length)).toHaveLength(MAX_LOCATION_LENGTH + 1);
    }
  });

  it('has a location read as UTF-8', () => {
    expect(headersOf('Location: /caf\xc3\xa9')).toEqual([['location', '/caf\u00e9']]);
  });

  it('has at most 200 fields', () => {
    expect(headersOf(Array(200).fill('a: 1').join('\r\n'))).toHaveLength(200);
    expect(parse(`HTTP/1.1 200 OK\r\n${'a: 1\r\n'.repeat(201)}`).failure()?.code).toBe('HEADERS_TOO_LARGE');
  });

  it('has at most 32 KiB, also on one endless line', () => {
    const parser = createHeadParser();
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\na: '));
    for (let index = 0; index < 40 && parser.failure() === null; index += 1) parser.push(Buffer.alloc(1_024, 'x'));
    expect(parser.failure()?.code).toBe('HEADERS_TOO_LARGE');
  });

  it('may follow five interim replies and not six', () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
    expect(parse(`${interim.repeat(5)}HTTP/1.1 200 OK\r\n\r\n`).head()?.status).toBe(200);
    expect(parse(interim.repeat(6)).failure()?.code).toBe('TOO_MANY_INTERIM');
  });

  it('is final with status 101', () => {
    expect(parse('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n').head()?.status).toBe(101);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const parser = createHeadParser();
        for (const chunk of chunks) if (parser.failure() === null) parser.push(Buffer.from(chunk));
      }),
    );
  });
});
