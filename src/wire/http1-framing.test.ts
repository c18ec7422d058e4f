import { describe, expect, it } from 'vitest';
import { ok, openReply, readReply } from '../../test/kit/http1-reply.ts';
import type { AskOptions } from '../../test/kit/wire.ts';
import type { ReplyParser } from './http1-parser.ts';

describe('a body of known length', () => {
  it('is read to its end, and the end is seen without a close', () => {
    const outcome = readReply(ok('Content-Length: 5', 'hello, and bytes that are not its own'), { end: false });
    expect(outcome?.failure).toBeNull();
    expect(outcome?.reply?.body).toEqual({
      mode: 'strict_finite',
      bytesRead: 5,
      limitBytes: 100,
      expectedBytes: 5,
      complete: true,
      stoppedBy: null,
      encoding: 'identity',
      search: null,
      excerpt: null,
      sha256: expect.any(Function),
    });
    expect(outcome?.reply?.body.sha256()).toBeNull();
  });

  it('is truncated when the connection ends first', () => {
    const outcome = readReply(ok('Content-Length: 5', 'hell'));
    expect(outcome?.failure).toMatchObject({ phase: 'body', code: 'TRUNCATED' });
    expect(outcome?.failure?.detail).toContain('4 of 5 bytes read');
    expect(outcome?.reply?.body).toMatchObject({ bytesRead: 4, complete: false, stoppedBy: null });
  });

  it('is read up to the limit when it is larger, which is no failure', () => {
    const outcome = readReply(ok('Content-Length: 5000', 'x'.repeat(120)), { end: false });
    expect(outcome?.failure).toBeNull();
    expect(outcome?.reply?.body).toMatchObject({
      mode: 'success_budgeted',
      bytesRead: 100,
      complete: false,
      stoppedBy: 'byte_budget',
    });
  });

  it('is truncated when it is larger and ends before the limit', () => {
    expect(readReply(ok('Content-Length: 5000', 'short'))?.failure).toMatchObject({ code: 'TRUNCATED' });
  });

  it('is whole when it is as large as the limit', () => {
    expect(readReply(ok('Content-Length: 100', 'x'.repeat(100)), { end: false })?.reply?.body).toMatchObject({
      mode: 'strict_finite',
      complete: true,
      stoppedBy: null,
    });
  });

  it('may be said twice if both agree', () => {
    expect(readReply(ok('Content-Length: 2\r\nContent-Length: 2', 'ab'))?.failure).toBeNull();
    expect(readReply(ok('Content-Length: 2, 2', 'ab'))?.failure).toBeNull();
    expect(readReply(ok('Content-Length: 002', 'ab'), { end: false })?.failure).toBeNull();
  });

  it.each(['-1', '+2', '2, 3', '2\r\nContent-Length: 3', 'two', '0x2', '', '1e3', '2 2', '2,', '9'.repeat(16)])(
    'cannot be %j, which leaves the reply standing',
    (length) => {
      const outcome = readReply(ok(`Content-Length: ${length}`, 'abc'));
      expect(outcome?.failure).toMatchObject({ phase: 'http', code: 'BAD_FRAMING' });
      expect(outcome?.reply).toMatchObject({ status: 200, body: { mode: 'skipped' } });
    },
  );
});

describe('a body without a length', () => {
  it('ends with the connection', () => {
    expect(readReply(ok('A: 1', 'hello'))).toMatchObject({
      failure: null,
      reply: { body: { mode: 'success_budgeted', bytesRead: 5, complete: true } },
    });
  });

  it('is not over before', () => {
    expect(readReply(ok('A: 1', 'hello'), { end: false })).toBeNull();
  });

  it('is enough when the byte limit is reached', () => {
    expect(readReply(ok('A: 1', 'x'.repeat(100)), { end: false })).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 100, stoppedBy: 'byte_budget' } },
    });
  });

  it('is enough when the time budget is used up, or the deadline is there', () => {
    for (const stop of [
      (parser: ReplyParser) => parser.onBudget(),
      (parser: ReplyParser) => parser.stop('DEADLINE', 'late'),
    ]) {
      const { parser, outcomes } = openReply();
      parser.push(Buffer.from(ok('A: 1', 'hello')));
      expect(parser.budgetMs()).toBe(250);
      stop(parser);
      expect(outcomes).toMatchObject([
        { failure: null, reply: { body: { bytesRead: 5, complete: false, stoppedBy: 'time_budget' } } },
      ]);
      expect(parser.budgetMs()).toBeNull();
    }
  });
});

describe('a chunked body', () => {
  const chunked = (body: string, options: AskOptions = {}) =>
    readReply(ok('Transfer-Encoding: chunked', body), options);

  it('counts its content and not its framing', () => {
    expect(chunked('3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\nTrailer: x\r\n\r\n')).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 5, complete: true } },
    });
  });

  it('is over with its last line, without a close', () => {
    expect(readReply(ok('Transfer-Encoding: chunked', '0\r\n\r\n'), { end: false })).toMatchObject({ failure: null });
    expect(readReply(ok('Transfer-Encoding: chunked', '0\r\nA: 1\r\n\r'), { end: false })).toBeNull();
  });

  it('overrides a length', () => {
    const outcome = readReply(ok('Content-Length: 3\r\nTransfer-Encoding: gzip, Chunked', '1\r\na\r\n0\r\n\r\n'));
    expect(outcome).toMatchObject({ failure: null, reply: { body: { bytesRead: 1, complete: true } } });
    expect(outcome?.reply?.body.expectedBytes).toBeUndefined();
  });

  it('ends with the connection when the last coding is not chunked', () => {
    expect(readReply(ok('Transfer-Encoding: chunked, gzip', 'abc'))).toMatchObject({ failure: null });
    expect(readReply(ok('Transfer-Encoding: chunked, gzip', 'abc'), { end: false })).toBeNull();
  });

  it('is none when the transfer is said to be as it is, and the length holds', () => {
    for (const coding of ['identity', '', 'Identity, ']) {
      expect(readReply(ok(`Transfer-Encoding: ${coding}\r\nContent-Length: 2`, 'ab'), { end: false })).toMatchObject({
        failure: null,
        reply: { body: { expectedBytes: 2, complete: true } },
      });
    }
  });

  it.each(['', '3\r\nab', '3\r\nabc', '3\r\nabc\r\n', '3\r\nabc\r\n0\r\n', '3'])('is truncated after %j', (body) => {
    expect(chunked(body)?.failure).toMatchObject({ phase: 'body', code: 'TRUNCATED' });
  });

  it.each(['xyz\r\n', '-1\r\n', '\r\n', ' 3\r\n', '3\r\nabcd\r\n', '1234567890123\r\n', '3\rx\n', '3 3\r\n', ';x\r\n'])(
    'is malformed at %j',
    (body) => {
      expect(chunked(body)).toMatchObject({
        failure: { phase: 'body', code: 'BAD_CHUNKING' },
        reply: { body: { complete: false } },
      });
    },
  );

  it.each([
    '3 \r\nabc\r\n0\t \r\n\r\n',
    '03\nabc\n000\n\n',
    `${'0'.repeat(99)}3\r\nabc\r\n0\r\n\r\n`,
    '3;"a;\xff"\r\nabc\r\n0;\r\n\r\n',
  ])('may be as untidy as %j', (body) => {
    expect(chunked(body)).toMatchObject({ failure: null, reply: { body: { bytesRead: 3, complete: true } } });
  });

  it('is malformed when its framing outweighs everything', () => {
    for (const body of [
      `1;${'x'.repeat(2_000)}`,
      `1;${'x'.repeat(1_000)}\r\na\r\n`.repeat(30),
      `0\r\n${'Trailer: x\r\n'.repeat(2_000)}`,
      `0\r\nTrailer: ${'x'.repeat(2_000)}`,
      '0'.repeat(2_000),
    ]) {
      expect(chunked(body)?.failure).toMatchObject({ code: 'BAD_CHUNKING' });
    }
  });

  it('is enough at the byte limit, whatever follows', () => {
    expect(chunked(`ffffffff\r\n${'x'.repeat(500)}`)).toMatchObject({
      failure: null,
      reply: { body: { bytesRead: 100, complete: false, stoppedBy: 'byte_budget' } },
    });
  });
});

describe('a reply without a body', () => {
  it.each([
    ['HEAD', ok('Content-Length: 5000')],
    ['HEAD', ok('Transfer-Encoding: chunked')],
    ['HEAD', ok('Content-Length: nonsense')],
    ['GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n'],
    ['GET', ok('Content-Length: 0')],
  ] as const)('is over with its head (%s %j)', (method, text) => {
    expect(readReply(text, { method, end: false })).toMatchObject({
      failure: null,
      reply: { body: { mode: 'strict_finite', bytesRead: 0, expectedBytes: 0, complete: true } },
    });
  });

  it('is over with its head too when it says that nothing changed', () => {
    const text = 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n';
    expect(readReply(text, { meaningOf: () => 'success', end: false })).toMatchObject({
      failure: null,
      reply: { body: { expectedBytes: 0, complete: true } },
    });
  });
});
