import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type AskOptions, requestFor } from '../../test/kit/wire.ts';
import { type BodyEnd, type ContentReader, createBodyReader, skippedBody } from './body-reader.ts';
import type { BodyRead, Reply } from './exchange.ts';

type Head = Pick<Reply, 'status' | 'headers'>;
type Done = { body: BodyRead; isTextCut: boolean };

const OK: Head = { status: 200, headers: [] };
const WHOLE: BodyEnd = { complete: true, stoppedBy: null };
const BROKEN: BodyEnd = { complete: false, stoppedBy: null };
const BY_TIME: BodyEnd = { complete: false, stoppedBy: 'time_budget' };
const NEEDLE: AskOptions = { rules: { required: Buffer.from('needle'), forbidden: [] } };

const withFields = (...headers: Reply['headers']): Head => ({ status: 200, headers });

function open(head: Head, length: number | undefined, options: AskOptions = {}): ContentReader {
  const reader = createBodyReader(head, length, requestFor({ maxBytes: 100, ...options }));
  if (reader === null) throw new Error('the body is not read');
  return reader;
}

function finish(reader: ContentReader, end: BodyEnd): Promise<Done> {
  return new Promise((resolve) => reader.finish(end, (body, isTextCut) => resolve({ body, isTextCut })));
}

describe('a body that is only counted', () => {
  it('is counted up to its limit, at which it is full', async () => {
    const reader = open(OK, undefined);
    reader.push(Buffer.alloc(60));
    expect(reader.isFull()).toBe(false);
    reader.push(Buffer.alloc(60));
    expect(reader.isFull()).toBe(true);
    const { body } = await finish(reader, WHOLE);
    expect(body).toMatchObject({ bytesRead: 100, limitBytes: 100, complete: false, stoppedBy: 'byte_budget' });
    expect(body.sha256()).toBeNull();
  });

  it('is as complete as its framing says', async () => {
    for (const end of [WHOLE, BROKEN, BY_TIME]) {
      const reader = open(OK, 50);
      reader.push(Buffer.alloc(20));
      expect((await finish(reader, end)).body).toMatchObject({
        ...end,
        mode: 'strict_finite',
        bytesRead: 20,
        expectedBytes: 50,
      });
    }
  });

  it('is hashed when somebody will ask', async () => {
    const reader = open(OK, 5, { hash: true });
    reader.push(Buffer.from('hello'));
    const { body } = await finish(reader, WHOLE);
    expect(body.sha256()).toBe('2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824');
  });
});

describe('time', () => {
  it('is enough for a body without a promised end, and too short for any other', () => {
    expect(open(OK, undefined).onBudget()).toBe('enough');
    expect(open({ status: 500, headers: [] }, 5_000).onBudget()).toBe('enough');
    expect(open(OK, 50).onBudget()).toBe('too_slow');
    expect(open(OK, 50, NEEDLE).onBudget()).toBe('too_slow');
  });

  it('is budgeted where the body may be endless', () => {
    expect(open(OK, undefined, { maxMs: 70 }).budgetMs()).toBe(70);
    expect(open(OK, 50, { maxMs: 70 }).budgetMs()).toBeNull();
    expect(open(OK, 50, { ...NEEDLE, rulesMaxMs: 30 }).budgetMs()).toBe(30);
  });

  it('is enough for a stream of events in which all was found', async () => {
    const events = withFields(['content-type', 'text/event-stream']);
    const reader = open(events, undefined, NEEDLE);
    expect(reader.onBudget()).toBe('too_slow');
    reader.push(Buffer.from('data: needle'));
    expect(reader.onBudget()).toBe('enough');
    const packed = open(
      withFields(['content-type', 'text/event-stream'], ['content-encoding', 'gzip']),
      undefined,
      NEEDLE,
    );
    packed.push(gzipSync('data: needle'));
    await expect.poll(() => packed.onBudget()).toBe('enough');
    expect(open(events, undefined, { rules: { required: null, forbidden: [Buffer.from('x')] } }).onBudget()).toBe(
      'enough',
    );
  });
});

describe('a body that is searched', () => {
  it('is not cut off by a budget without saying so', async () => {
    const reader = open(OK, undefined, { ...NEEDLE, rulesMaxBytes: 10 });
    reader.push(Buffer.from('so much before the needle'));
    expect((await finish(reader, WHOLE)).body).toMatchObject({
      mode: 'keyword',
      bytesRead: 10,
      limitBytes: 10,
      stoppedBy: 'byte_budget',
      search: { isRequiredMissing: true, bytesSearched: 10 },
    });
  });

  it('is decoded from gzip alone, whatever its fields are called together', async () => {
    const cases: [Reply['headers'], string][] = [
      [[['content-encoding', 'gzip']], 'searched'],
      [[['content-encoding', 'X-GZIP']], 'searched'],
      [
        [
          ['content-encoding', 'identity'],
          ['content-encoding', 'gzip'],
        ],
        'searched',
      ],
      [
        [
          ['content-encoding', 'gzip'],
          ['content-encoding', 'gzip'],
        ],
        'unsupported_encoding',
      ],
      [[['content-encoding', 'br']], 'unsupported_encoding'],
    ];
    for (const [headers, outcome] of cases) {
      const reader = open(withFields(...headers), undefined, NEEDLE);
      reader.push(gzipSync('a needle'));
      expect((await finish(reader, WHOLE)).body.search).toMatchObject({ outcome });
    }
  });

  it('is told to be cut only where its framing was whole', async () => {
    const half = gzipSync('a needle'.repeat(9)).subarray(0, 20);
    for (const [end, isCut] of [
      [WHOLE, true],
      [BROKEN, false],
      [BY_TIME, false],
    ] as const) {
      const reader = open(withFields(['content-encoding', 'gzip']), undefined, NEEDLE);
      reader.push(half);
      expect((await finish(reader, end)).isTextCut).toBe(isCut);
    }
  });

  it('says why decoding stopped rather than why reading did', async () => {
    const reader = open(withFields(['content-encoding', 'gzip']), undefined, NEEDLE);
    reader.push(gzipSync(Buffer.alloc(9_000_000)));
    expect((await finish(reader, WHOLE)).body).toMatchObject({ complete: false, stoppedBy: 'ratio' });
  });

  it('ends at once when it is asked to end twice, and not at all when it is dropped', () => {
    const ends: string[] = [];
    for (const last of ['finish', 'destroy'] as const) {
      const reader = open(withFields(['content-encoding', 'gzip']), undefined, NEEDLE);
      // Too large to be decoded at once.
      reader.push(gzipSync(randomBytes(50_000)));
      reader.finish(WHOLE, () => ends.push('first'));
      if (last === 'finish') reader.finish(BROKEN, () => ends.push('second'));
      else reader.destroy();
    }
    expect(ends).toEqual(['second']);
  });
});

describe('the page of an error', () => {
  it('is kept in its first bytes, decoded where we asked for that', async () => {
    const head: Head = { status: 500, headers: [['content-encoding', 'gzip']] };
    const packed = gzipSync('sorry');
    const asked = open(head, undefined, NEEDLE);
    asked.push(packed);
    expect((await finish(asked, WHOLE)).body).toMatchObject({ mode: 'error_excerpt', excerpt: 'sorry', search: null });
    const unasked = open(head, undefined);
    unasked.push(packed);
    expect((await finish(unasked, WHOLE)).body.excerpt).toBe(packed.toString('latin1'));
  });

  it('is no failure when its compressed text is cut', async () => {
    const reader = open({ status: 500, headers: [['content-encoding', 'gzip']] }, undefined, NEEDLE);
    reader.push(gzipSync('sorry').subarray(0, 12));
    expect(await finish(reader, WHOLE)).toMatchObject({ isTextCut: false, body: { excerpt: 's' } });
  });
});

describe('a body that is not read', () => {
  it('has no reader, and says what it would have been', () => {
    const head: Head = { status: 302, headers: [['content-encoding', 'br']] };
    const request = requestFor({ maxBytes: 100 });
    expect(createBodyReader(head, 5, request)).toBeNull();
    expect(skippedBody(head, request)).toMatchObject({
      mode: 'skipped',
      bytesRead: 0,
      limitBytes: 100,
      encoding: 'br',
    });
  });
});
