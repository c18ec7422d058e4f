import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LOCATION_LENGTH } from './http1-head.ts';
import { HeadParser } from './http1-head-parser.ts';

function parse(text: string): HeadParser {
  const parser = new HeadParser();
  parser.push(Buffer.from(text, 'latin1'));
  return parser;
}

const headOf = (lines: string) => parse(`HTTP/1.1 200 OK\r\n${lines}\r\n\r\n`).head;
const headersOf = (lines: string) => headOf(lines)?.headers;

/** What can be told of a head, or why there is none. */
function told({ head, failure }: HeadParser): unknown {
  if (head === null) return failure;
  const { protocol, status, headers, contentLength, transferEncoding, contentEncoding, isEventStream } = head;
  return { protocol, status, headers, contentLength, transferEncoding, contentEncoding, isEventStream };
}

describe('the head of a reply', () => {
  it('is a status and fields with names in lower case, in order', () => {
    const parser = parse('HTTP/1.1 404 Not Found\r\nServer: x\r\nSet-Cookie: a\r\nset-cookie: b\r\n\r\n');
    expect(parser.head).toMatchObject({
      protocol: 'HTTP/1.1',
      status: 404,
      headers: [
        ['server', 'x'],
        ['set-cookie', 'a'],
        ['set-cookie', 'b'],
      ],
    });
  });

  it('ends at its empty line, and says how many bytes were its own', () => {
    const parser = new HeadParser();
    expect(parser.push(Buffer.from('HTTP/1.0 200 OK\r\n\r\nbody'))).toBe(19);
    expect(parser.head).toMatchObject({ protocol: 'HTTP/1.0', status: 200 });
  });

  it('reads the same however its bytes are cut', () => {
    const early = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\nContent-Length: 9\r\n\r\n';
    const fields = `A: 1\r\n folded\r\nContent-Length: 7\r\nX: ${'x'.repeat(3_000)}\r\nContent-Encoding:\r\n\tgzip`;
    const text = `${early}HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;
    const whole = parse(text);
    expect(whole.head).toMatchObject({ contentLength: '7', contentEncoding: 'gzip' });
    expect(whole.head?.headers.map(([name]) => name)).toEqual(['a', 'content-length', 'x', 'content-encoding']);
    expect(whole.head?.headers[0]).toEqual(['a', '1 folded']);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: text.length - 1 })), (cuts) => {
        const parser = new HeadParser();
        const points = [0, ...cuts.sort((a, b) => a - b), text.length];
        points.slice(1).forEach((end, index) => {
          parser.push(Buffer.from(text.slice(points[index], end), 'latin1'));
        });
        expect(told(parser)).toEqual(told(whole));
      }),
    );
  });

  it('may lack a reason, and may end its lines with a bare LF', () => {
    expect(parse('HTTP/1.1 204\nA: 1\n\n').head).toMatchObject({ status: 204, headers: [['a', '1']] });
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
    ['HTTP/1.x 200 OK\r\n'],
    ['HTTP/1.1 \r\n'],
    ['HTTP/1.1\t200 OK\r\n'],
  ])('does not start with %j', (text) => {
    expect(parse(text).failure?.code).toBe('NOT_HTTP');
  });

  it('is given up at the first bytes of another protocol, without waiting for a line', () => {
    expect(parse('SSH').failure?.code).toBe('NOT_HTTP');
    expect(parse('HTT').failure).toBeNull();
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

  it('has fields continued over lines, which are joined by a space', () => {
    expect(headersOf('a: 1\r\n  2\r\n\t3 \r\nb: x')).toEqual([
      ['a', '1 2 3'],
      ['b', 'x'],
    ]);
    expect(headersOf(' before any field\r\na: 1')).toEqual([['a', '1']]);
    expect(headOf('Content-Length: 1\r\n 2')?.contentLength).toBe('1 2');
    expect(headOf('X: y\r\n Content-Length: 9')?.contentLength).toBeNull();
  });

  it('tells what frames its body, of several fields joined', () => {
    const lines = 'content-LENGTH : 5\r\nContent-Length: 6\r\nTransfer-Encoding: gzip\r\nTRANSFER-ENCODING: chunked';
    expect(headOf(`${lines}\r\nContent-Encoding: br\r\nContent-Type: text/event-stream;x=y`)).toMatchObject({
      contentLength: '5,6',
      transferEncoding: 'gzip,chunked',
      contentEncoding: 'br',
      isEventStream: true,
      isTransferCoded: true,
    });
    expect(headOf('Transfer-Encoding: identity, chunked')?.isTransferCoded).toBe(false);
    expect(headOf('Content-Type: text/event-streams')).toMatchObject({ contentLength: null, isEventStream: false });
  });

  it('is no text of a field that only starts like one that frames', () => {
    expect(headOf('Content-Lengths: 5\r\nContent Length: 6\r\nTransfer-Encodin: chunked\r\nCookie-: 1')).toMatchObject({
      contentLength: null,
      transferEncoding: null,
    });
  });

  it('does not take what framed an interim reply for its own', () => {
    const text =
      'HTTP/1.1 100 Continue\r\nContent-Length: 9\r\n Transfer-Encoding: x\r\n\r\nHTTP/1.1 200 OK\r\nA: 1\r\n\r\n';
    expect(parse(text).head).toMatchObject({ status: 200, contentLength: null, headers: [['a', '1']] });
  });

  it('has at most 200 fields', () => {
    expect(headersOf(Array(200).fill('a: 1').join('\r\n'))).toHaveLength(200);
    expect(parse(`HTTP/1.1 200 OK\r\n${'a: 1\r\n'.repeat(201)}`).failure?.code).toBe('HEADERS_TOO_LARGE');
  });

  it('has at most 32 KiB, also on one endless line', () => {
    const parser = new HeadParser();
    parser.push(Buffer.from('HTTP/1.1 200 OK\r\na: '));
    for (let index = 0; index < 40 && parser.failure === null; index += 1) parser.push(Buffer.alloc(1_024, 'x'));
    expect(parser.failure?.code).toBe('HEADERS_TOO_LARGE');
  });

  it('has exactly that much room, counted without the interim replies before it', () => {
    const start = 'HTTP/1.1 200 OK\r\na: ';
    const interim = `HTTP/1.1 103 Early Hints\r\nlink: ${'x'.repeat(30_000)}\r\n\r\n`;
    const fill = (bytes: number) => `${start}${'x'.repeat(bytes - start.length - 4)}\r\n\r\n`;
    expect(parse(fill(32_768)).head?.status).toBe(200);
    expect(parse(interim + fill(32_768)).head?.status).toBe(200);
    expect(parse(fill(32_769)).failure?.code).toBe('HEADERS_TOO_LARGE');
  });

  it('may follow five interim replies and not six', () => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
    expect(parse(`${interim.repeat(5)}HTTP/1.1 200 OK\r\n\r\n`).head?.status).toBe(200);
    expect(parse(interim.repeat(6)).failure?.code).toBe('TOO_MANY_INTERIM');
  });

  it('is final with status 101', () => {
    expect(parse('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n').head?.status).toBe(101);
  });

  it('never throws, whatever comes', () => {
    const parts = [
      'HTTP/1.1 200 OK',
      'HTTP/1.1 100',
      '\r\n',
      '\n',
      '\r',
      ' ',
      ':',
      'a',
      '\0',
      '\xff',
      'Content-Length: 5',
    ];
    const text = fc.array(fc.oneof(fc.constantFrom(...parts), fc.string({ unit: 'binary-ascii' })));
    fc.assert(
      fc.property(text, fc.array(text), (first, more) => {
        const parser = new HeadParser();
        for (const pieces of [['HTTP/1.1 200 OK\r\n', ...first], ...more]) {
          if (parser.failure === null) parser.push(Buffer.from(pieces.join(''), 'latin1'));
        }
        expect(parser.head === null || parser.failure === null).toBe(true);
        expect(() => told(parser)).not.toThrow();
      }),
    );
  });
});
