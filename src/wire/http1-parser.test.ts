import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createReplyParser, type ReplyOutcome } from './http1-parser.ts';

const LIMITS = { maxBytes: 100, maxMs: 250 };

/** Feeds a whole reply; `end` closes the connection after it. */
function read(
  text: string,
  { method = 'GET', end = true }: { method?: 'GET' | 'HEAD'; end?: boolean } = {},
): ReplyOutcome | null {
  const parser = createReplyParser(method, LIMITS);
  parser.push(Buffer.from(text, 'latin1'));
  if (end) parser.end();
  return parser.outcome();
}

const ok = (fields: string, body = ''): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n${body}`;

describe('a body of known length', () => {
  it('is read to its end, and the end is seen without a close', () => {
    const outcome = read(ok('Content-Length: 5', 'hello, and bytes that are not its own'), { end: false });
    expect(outcome?.failure).toBeNull();
    expect(outcome?.reply?.body).toEqual({
      mode: 'strict_finite',
      bytesRead: 5,
      limitBytes: 100,
      expectedBytes: 5,
      complete: true,
    });
  });

  it('is truncated when the connection ends first', () => {
    const outcome = read(ok('Content-Length: 5', 'hell'));
    expect(outcome?.failure).toMatchObject({ phase: 'body', code: 'TRUNCATED' });
    expect(outcome?.reply?.body).toMatchObject({ bytesRead: 4, complete: false });
  });

  it('is read up to the limit when it is larger, which is no failure', () => {
    const outcome = read(ok('Content-Length: 5000', 'x'.repeat(120)), { end: false });
    expect(outcome?.failure).toBeNull();
    expect(outcome?.reply?.body).toMatchObject({ mode: 'success_budgeted', bytesRead: 100, complete: false });
  });

  it('is truncated when it is larger and ends before the limit', () => {
    expect(read(ok('Content-Length: 5000', 'short'))?.failure).toMatchObject({ code: 'TRUNCATED' });
  });

  it('may be said twice if both agree', () => {
    expect(read(ok('Content-Length: 2\r\nContent-Length: 2', 'ab'))?.failure).toBeNull();
    expect(read(ok('Content-Length: 2, 2', 'ab'))?.failure).toBeNull();
  });

  it.each(['-1', '+2', '2, 3', '2\r\nContent-Length: 3', 'two', '0x2', '', '1e3', '9'.repeat(16)])(
    'cannot be %j, which leaves the reply standing',
    (length) => {
      const outcome = read(ok(`Content-Length: ${length}`, 'abc'));
      expect(outcome?.failure).toMatchObject({ phase: 'http', code: 'BAD_FRAMING' });
      expect(outcome?.reply).toMatchObject({ status: 200, body: { mode: 'skipped' } });
    },
  );
});

describe('a body without a length', () => {
  it('ends with the connection', () => {
    expect(read(ok('A: 1', 'hello'))).toMatchObject({
      failure: null,
      reply: { body: { mode: 'success_budgeted', bytesRead: 5, complete: true } },
    });
  });

  it('is not over before', () => {
    expect(read(ok('A: 1', 'hello'), { end: false })).toBeNull();
  });

  it('is enough when the byte limit is reached', () => {
    expect(read(ok('A: 1', 'x'.repeat(100)), { end: false })).toMatchObject({ failure: null });
  });

  it('is enough when the time budget is used up', () => {
    const parser = createReplyParser('GET', LIMITS);
    parser.push(Buffer.from(ok('A: 1', 'hello')));
    expect(parser.isBudgeted()).toBe(true);
    parser.endBudget();
    expect(parser.outcome()).toMatchObject({ failure: null, reply: { body: { bytesRead: 5, complete: false } } });
  });
});

describe('a chunked body', () => {
  const chunked = (body: string) => read(ok('Transfer-Encoding: chunked', body));

  it('counts its content and not its framing', () => {
    expect(chunked('3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n')).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 5, complete: true } },
    });
  });

  it('overrides a length', () => {
    const outcome = read(ok('Content-Length: 3\r\nTransfer-Encoding: gzip, Chunked', '1\r\na\r\n0\r\n\r\n'));
    expect(outcome).toMatchObject({ failure: null, reply: { body: { bytesRead: 1, complete: true } } });
  });

  it('ends with the connection when the last coding is not chunked', () => {
    expect(read(ok('Transfer-Encoding: chunked, gzip', 'abc'))).toMatchObject({ failure: null });
  });

  it.each(['', '3\r\nab', '3\r\nabc', '3\r\nabc\r\n', '3\r\nabc\r\n0\r\n', '3'])('is truncated after %j', (body) => {
    expect(chunked(body)?.failure).toMatchObject({ phase: 'body', code: 'TRUNCATED' });
  });

  it.each(['xyz\r\n', '-1\r\n', '\r\n', '3\r\nabcd\r\n', '1234567890123\r\n', `1;${'x'.repeat(2_000)}`])(
    'is malformed at %j',
    (body) => {
      expect(chunked(body)?.failure).toMatchObject({ phase: 'body', code: 'BAD_CHUNKING' });
    },
  );

  it('is malformed when its framing outweighs everything', () => {
    expect(chunked(`1;${'x'.repeat(1_000)}\r\na\r\n`.repeat(30))?.failure).toMatchObject({ code: 'BAD_CHUNKING' });
    expect(chunked(`0\r\n${'Trailer: x\r\n'.repeat(2_000)}`)?.failure).toMatchObject({ code: 'BAD_CHUNKING' });
  });

  it('counts the same however its bytes are cut', () => {
    const text = ok('Transfer-Encoding: chunked', '3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), (size) => {
        const parser = createReplyParser('GET', LIMITS);
        for (let at = 0; at < text.length; at += size) parser.push(Buffer.from(text.slice(at, at + size)));
        expect(parser.outcome()).toEqual(read(text));
      }),
    );
  });
});

describe('a reply without a body', () => {
  it.each([
    ['HEAD', ok('Content-Length: 5000')],
    ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['GET', ok('Content-Length: 0')],
  ] as const)('is over with its head (%s %j)', (method, text) => {
    expect(read(text, { method, end: false })).toMatchObject({
      failure: null,
      reply: { body: { mode: 'strict_finite', bytesRead: 0, expectedBytes: 0, complete: true } },
    });
  });
});

describe('a body nobody needs', () => {
  it.each([
    'HTTP/1.1 500 Oops\r\nContent-Length: nonsense\r\n\r\n',
    'HTTP/1.1 404 Not Found\r\nContent-Length: 5000\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    ok('Content-Type: Text/Event-Stream; charset=utf-8'),
    'HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 10\r\n\r\n',
  ])('is skipped, and its framing with it (%j)', (text) => {
    expect(read(text, { end: false })).toMatchObject({
      failure: null,
      reply: { body: { mode: 'skipped', bytesRead: 0 } },
    });
  });
});

describe('a reply that breaks off', () => {
  it.each(['', 'HTTP/1.', 'HTTP/1.1 200 OK\r\nServer: x\r\n'])('before its head is whole (%j) is no reply', (text) => {
    expect(read(text)).toEqual({
      reply: null,
      failure: expect.objectContaining({ phase: 'http', code: 'CLOSED_BEFORE_REPLY' }),
    });
  });

  it('for a reason outside fails in the phase it was in', () => {
    const parser = createReplyParser('GET', LIMITS);
    parser.push(Buffer.from(ok('Content-Length: 9', 'abc')));
    parser.stop('ECONNRESET', 'the connection broke');
    parser.stop('DEADLINE', 'too late to matter');
    expect(parser.outcome()).toMatchObject({ reply: { status: 200 }, failure: { phase: 'body', code: 'ECONNRESET' } });
  });
});
