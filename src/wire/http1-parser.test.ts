import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ok, openReply, readReply } from '../../test/kit/http1-reply.ts';
import { type AskOptions, requestFor } from '../../test/kit/wire.ts';
import { createReplyParser } from './http1-parser.ts';
import type { ReplyOutcome } from './reply-timings.ts';

const KEYWORD: AskOptions = { rules: { required: Buffer.from('needle'), forbidden: [] } };

describe('a body nobody needs', () => {
  it.each([
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    ok('Content-Type: Text/Event-Stream; charset=utf-8'),
    'HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 10\r\n\r\n',
    'HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: nonsense\r\n\r\n',
  ])('is skipped, and its framing with it (%j)', (text) => {
    expect(readReply(text, { end: false })).toMatchObject({
      failure: null,
      reply: { body: { mode: 'skipped', bytesRead: 0, complete: false } },
    });
  });

  it('is that of every reply where no bytes are wanted', () => {
    for (const text of [ok('Content-Length: 5'), 'HTTP/1.1 500 Oops\r\n\r\nsorry']) {
      expect(readReply(text, { maxBytes: 0, end: false })).toMatchObject({
        failure: null,
        reply: { body: { mode: 'skipped' } },
      });
    }
  });
});

describe('the page of an error', () => {
  it.each([
    'Content-Length: nonsense\r\n\r\nsorry',
    'Content-Length: 5000\r\n\r\nsorry',
    'Transfer-Encoding: chunked\r\n\r\n5\r\nsorry\r\nxx',
    'A: 1\r\n\r\nsorry',
  ])('needs no end that could be believed (%j)', (rest) => {
    expect(readReply(`HTTP/1.1 503 Busy\r\n${rest}`)).toMatchObject({
      failure: null,
      reply: { status: 503, body: { mode: 'error_excerpt', bytesRead: 5, excerpt: 'sorry', stoppedBy: null } },
    });
  });

  it('may be reset or late, which is no failure', () => {
    for (const code of ['ECONNRESET', 'DEADLINE']) {
      const { parser, outcomes } = openReply();
      parser.push(Buffer.from('HTTP/1.1 404 Not Found\r\n\r\nsor'));
      parser.stop(code, 'x');
      expect(outcomes).toMatchObject([{ failure: null, reply: { body: { excerpt: 'sor', complete: false } } }]);
    }
  });

  it('is read as far as 16 KiB, of which 1 KiB is kept', () => {
    const outcome = readReply(`HTTP/1.1 500 Oops\r\n\r\n${'x'.repeat(50_000)}`, { maxBytes: 1_000_000, end: false });
    expect(outcome?.reply?.body).toMatchObject({
      bytesRead: 16_384,
      stoppedBy: 'byte_budget',
      excerpt: 'x'.repeat(1_024),
    });
  });
});

describe('a reply that breaks off', () => {
  it.each(['', 'HTTP/1.', 'HTTP/1.1 200 OK\r\nServer: x\r\n'])('before its head is whole (%j) is no reply', (text) => {
    expect(readReply(text)).toEqual({
      reply: null,
      failure: expect.objectContaining({ phase: 'http', code: 'CLOSED_BEFORE_REPLY' }),
    });
  });

  it('for a reason outside fails in the phase it was in, once', () => {
    const { parser, outcomes } = openReply();
    parser.push(Buffer.from(ok('Content-Length: 9', 'abc')));
    parser.stop('ECONNRESET', 'the connection broke');
    parser.stop('DEADLINE', 'too late to matter');
    parser.push(Buffer.from('more'));
    parser.end();
    parser.onBudget();
    expect(outcomes).toMatchObject([{ reply: { status: 200 }, failure: { phase: 'body', code: 'ECONNRESET' } }]);
  });

  it('is not made whole by its length when the deadline is there', () => {
    const { parser, outcomes } = openReply();
    parser.push(Buffer.from(ok('Content-Length: 9', 'abc')));
    expect(parser.budgetMs()).toBeNull();
    parser.stop('DEADLINE', 'late');
    expect(outcomes).toMatchObject([{ failure: { phase: 'body', code: 'DEADLINE' } }]);
  });
});

describe('a page that is searched', () => {
  const found = { outcome: 'searched', isRequiredMissing: false, forbiddenFound: null };

  it('is read to its end, also beyond what is searched for', () => {
    expect(readReply(ok('Content-Length: 20', 'a needle'), KEYWORD)?.failure).toMatchObject({ code: 'TRUNCATED' });
    expect(readReply(ok('Content-Length: 8', 'a needle'), KEYWORD)).toMatchObject({
      failure: null,
      reply: { body: { mode: 'keyword', complete: true, search: { ...found, bytesSearched: 8 } } },
    });
  });

  it('is judged by what was read at the byte limit', () => {
    const outcome = readReply(ok('A: 1', `${'x'.repeat(60)}needle`), { ...KEYWORD, rulesMaxBytes: 64, end: false });
    expect(outcome).toMatchObject({
      failure: null,
      reply: { body: { stoppedBy: 'byte_budget', search: { isRequiredMissing: true, bytesSearched: 64 } } },
    });
  });

  it('is too slow at its own budget as at the deadline, whatever was found', () => {
    const { parser, outcomes } = openReply({ ...KEYWORD, rulesMaxMs: 40 });
    parser.push(Buffer.from(ok('A: 1', 'a needle')));
    expect(parser.budgetMs()).toBe(40);
    parser.onBudget();
    expect(outcomes).toMatchObject([{ failure: { phase: 'body', code: 'TIME_BUDGET' } }]);
    const late = openReply(KEYWORD);
    late.parser.push(Buffer.from(ok('A: 1', 'a needle')));
    expect(late.parser.budgetMs()).toBeNull();
    late.parser.onBudget();
    expect(late.outcomes).toEqual([]);
    late.parser.stop('DEADLINE', 'late');
    expect(late.outcomes).toMatchObject([{ failure: { phase: 'body', code: 'DEADLINE' } }]);
  });

  it('may be a stream without an end, which is left when what is looked for was found', () => {
    const { parser, outcomes } = openReply(KEYWORD);
    parser.push(Buffer.from(ok('Content-Type: text/event-stream', 'data: nee')));
    expect(outcomes).toEqual([]);
    parser.push(Buffer.from('dle\n\n'));
    expect(outcomes).toMatchObject([
      { failure: null, reply: { body: { mode: 'keyword', stoppedBy: 'found', search: found } } },
    ]);
  });
});

describe('a compressed page that is searched', () => {
  const fields = 'Content-Encoding: gzip\r\nContent-Length: ';
  const page = gzipSync(`${'x'.repeat(50)} needle`);

  async function outcomeOf(bytes: Buffer, options: AskOptions = {}): Promise<ReplyOutcome> {
    const { promise, resolve } = Promise.withResolvers<ReplyOutcome>();
    const parser = createReplyParser(requestFor({ ...KEYWORD, ...options }), resolve);
    parser.push(Buffer.concat([Buffer.from(ok(`${fields}${bytes.length}`)), bytes]));
    return promise;
  }

  it('is decoded', async () => {
    expect(await outcomeOf(page)).toMatchObject({
      failure: null,
      reply: { body: { encoding: 'gzip', complete: true, search: { outcome: 'searched', isRequiredMissing: false } } },
    });
  });

  it('is truncated when its text is cut, though its length is right', async () => {
    expect(await outcomeOf(page.subarray(0, 20))).toMatchObject({
      failure: { phase: 'body', code: 'TRUNCATED' },
      reply: { status: 200, body: { bytesRead: 20 } },
    });
  });

  it('is not truncated when our own limit cuts it', async () => {
    expect(await outcomeOf(gzipSync('a needle'.repeat(9)), { rulesMaxBytes: 18 })).toMatchObject({
      failure: null,
      reply: { body: { stoppedBy: 'byte_budget', search: { outcome: 'searched' } } },
    });
  });

  it('is broken, and no failure of the wire, when it cannot be decoded', async () => {
    const broken = Buffer.from(page);
    broken.writeUInt8(0x07, 10);
    for (const bytes of [broken, Buffer.from('plain needle')]) {
      expect(await outcomeOf(bytes)).toMatchObject({
        failure: null,
        reply: { body: { complete: true, search: { outcome: 'broken_encoding' } } },
      });
    }
  });

  it('is not hurt by a reset after its last byte, and is our own trouble when it is not decoded in time', async () => {
    const { promise, resolve } = Promise.withResolvers<ReplyOutcome>();
    // Too large to be decoded at once.
    const large = gzipSync(randomBytes(50_000));
    const bytes = Buffer.concat([Buffer.from(ok(`${fields}${large.length}`)), large]);
    const parser = createReplyParser(requestFor(KEYWORD), resolve);
    parser.push(bytes);
    parser.stop('ECONNRESET', 'x');
    parser.end();
    expect(await promise).toMatchObject({ failure: null, reply: { body: { complete: true } } });

    const { parser: late, outcomes } = openReply({ ...KEYWORD });
    late.push(bytes);
    late.stop('DEADLINE', 'late');
    expect(outcomes).toMatchObject([{ failure: { code: 'DECODER_BUSY' } }]);
    // What the decoder still had to say is not heard any more.
    await delay(30);
    expect(outcomes).toHaveLength(1);
  });

  it('is refused from its head in any other encoding, and counted all the same', () => {
    for (const encoding of ['br', 'zstd', 'deflate', 'gzip, gzip', 'x']) {
      const outcome = readReply(ok(`Content-Encoding: ${encoding}\r\nContent-Length: 6`, 'needle'), KEYWORD);
      expect(outcome).toMatchObject({
        failure: null,
        reply: { body: { encoding, complete: true, bytesRead: 6, search: { outcome: 'unsupported_encoding' } } },
      });
    }
  });

  it('is not decoded where nothing is searched', () => {
    const text = page.toString('latin1');
    expect(readReply(ok(`${fields}${page.length}`, text), { hash: true })).toMatchObject({
      failure: null,
      reply: { body: { encoding: 'gzip', complete: true, search: null } },
    });
  });
});

describe('the bytes of a reply, however they are cut,', () => {
  const error = 'HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\n folded\r\n\r\nsorry';
  const replies: [name: string, text: string, options: AskOptions][] = [
    ['with a length', `HTTP/1.1 100 Continue\r\n\r\n${ok('Content-Length: 5', 'hello')}`, {}],
    ['with more than its length', ok('Content-Length: 5', 'hello and more'), {}],
    ['cut short', ok('Content-Length: 50', 'hello'), {}],
    ['until the close', ok('A: 1', 'hello'), { hash: true }],
    ['in chunks', ok('Transfer-Encoding: chunked', '3\r\nnee\r\n3;ext=1\r\ndle\r\n0\r\nTrailer: x\r\n\r\n'), KEYWORD],
    ['in broken chunks', ok('Transfer-Encoding: chunked', '3\r\nnee\r\n3\r\ndleX'), KEYWORD],
    ['beyond the limit', ok('Transfer-Encoding: chunked', `${'4\r\nabcd\r\n'.repeat(40)}0\r\n\r\n`), {}],
    ['of another protocol', 'SSH-2.0-OpenSSH_9.6\r\n', {}],
    ['of an error', error, {}],
  ];

  /** All that is told of an outcome, as plain data. */
  function told({ reply, failure }: ReplyOutcome): unknown {
    if (reply === null) return failure?.code;
    const { status, headers, body } = reply;
    return { status, headers, failure, body: { ...body, sha256: body.sha256() } };
  }

  it.each(replies)('are read the same: one %s', (_, text, options) => {
    const whole = readReply(text, options);
    if (whole === null) throw new Error('the reply has no outcome');
    const bytes = Buffer.from(text, 'latin1');
    const readCut = (cuts: readonly number[]) => {
      const { parser, outcomes } = openReply(options);
      // As in the wire: one buffer, used again for each read.
      const shared = Buffer.alloc(bytes.length);
      const borders = [...new Set([0, ...cuts, bytes.length])].sort((a, b) => a - b);
      borders.slice(1).forEach((end, index) => {
        const length = bytes.copy(shared, 0, borders[index], end);
        parser.push(shared.subarray(0, length));
      });
      parser.end();
      expect(outcomes).toHaveLength(1);
      return outcomes.map(told);
    };
    for (let cut = 1; cut < bytes.length; cut += 1) expect(readCut([cut])).toEqual([told(whole)]);
    expect(readCut(Array.from(bytes.keys()))).toEqual([told(whole)]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 }), (cuts) => {
        expect(readCut(cuts)).toEqual([told(whole)]);
      }),
    );
  });
});
