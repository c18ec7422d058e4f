import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTestCertificates } from '../../test/kit/certificates.ts';
import { createHttp2Kit, type Http2Kit } from '../../test/kit/http2.ts';
import {
  data,
  ERROR,
  type Field,
  FRAME,
  frame,
  GREETING,
  goaway,
  head,
  longHead,
  reset,
  SETTINGS,
  uint32,
} from '../../test/kit/raw-http2.ts';

let http2: Http2Kit;

beforeAll(async () => {
  http2 = createHttp2Kit(await createTestCertificates());
});
afterEach(async () => {
  await http2.stop();
});

const hello = [head(200), data('hello', { end: true })];

describe('a server that does not answer over HTTP/2', () => {
  it.each([
    ['refuses the stream', [reset(ERROR.refusedStream)], 'H2_REFUSED_STREAM', 'REFUSED_STREAM'],
    ['is not calm', [reset(ERROR.calm)], 'H2_REFUSED_STREAM', 'ENHANCE_YOUR_CALM'],
    ['wants HTTP/1.1', [reset(ERROR.http11)], 'H2_REFUSED_STREAM', 'HTTP_1_1_REQUIRED'],
    ['resets the stream without an error', [reset(ERROR.none)], 'H2_REFUSED_STREAM', 'NO_ERROR'],
    ['goes away with an error', [goaway(ERROR.calm, 0)], 'H2_GOAWAY', 'ENHANCE_YOUR_CALM'],
    ['goes away before our stream', [goaway(ERROR.none, 0)], 'H2_GOAWAY', 'NO_ERROR'],
    ['names an error that does not exist', [reset(4_711)], 'H2_REFUSED_STREAM', 'error 4711'],
  ])('%s', async (_, frames, code, word) => {
    const { reply, failure, timings } = await http2.answered(frames);
    expect({ reply, failure }).toMatchObject({ reply: null, failure: { phase: 'http', code } });
    expect(failure?.detail).toContain(word);
    expect(Object.keys(timings)).toEqual(['sent']);
  });

  it('ends the connection before a reply, with and without a farewell', async () => {
    for (const [bytes, code] of [
      [GREETING, 'CLOSED_BEFORE_REPLY'],
      [Buffer.alloc(0), 'CLOSED_BEFORE_REPLY'],
      [Buffer.concat([GREETING, head(200).subarray(0, 12)]), 'CLOSED_BEFORE_REPLY'],
      [Buffer.concat([GREETING, goaway(ERROR.none)]), 'H2_GOAWAY'],
    ] as const) {
      const port = await http2.rawServer((socket) => void socket.end(bytes));
      expect(await http2.ask(port)).toMatchObject({ reply: null, failure: { phase: 'http', code } });
    }
  });

  it.each([
    ['HTTP/1.1', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['a reply before any settings', hello],
    ['a field block that cannot be read', [SETTINGS, frame(FRAME.headers, 4, 1, Buffer.alloc(6, 0xff))]],
    ['a name in upper case', [GREETING, head(200, [['X-Up', 'a']])]],
    ['a field of one connection', [GREETING, head(200, [['connection', 'close']])]],
    ['a status that is none', [GREETING, head('abc')]],
    ['a switch of protocols', [GREETING, head(101)]],
    [
      'two lengths',
      [
        GREETING,
        head(200, [
          ['content-length', '1'],
          ['content-length', '2'],
        ]),
      ],
    ],
    ['content before a head', [GREETING, data('hello', { end: true })]],
    ['a frame larger than allowed', [GREETING, frame(FRAME.ping, 0, 0, Buffer.alloc(20_000))]],
    ['a push that was forbidden', [GREETING, frame(FRAME.pushPromise, 4, 1, uint32(2)), ...hello]],
    ['settings that no client takes', [frame(FRAME.settings, 0, 0, Buffer.from([0, 2, 0, 0, 0, 9])), ...hello]],
    ['a stream that nobody opened', [GREETING, frame(FRAME.headers, 4, 3, Buffer.from([0x88]))]],
  ])('says %s, which is not HTTP/2', async (_, frames) => {
    const port = await http2.rawServer((socket) => socket.write(Buffer.concat(frames)));
    expect(await http2.ask(port)).toMatchObject({ reply: null, failure: { phase: 'http', code: 'H2_PROTOCOL' } });
  });

  it('sends more fields, or larger ones, than are taken from anybody', async () => {
    const many = (count: number): Field[] => Array.from({ length: count }, (_, index) => [`x-${index}`, 'a']);
    const large = (count: number): Field[] => Array.from({ length: count }, () => ['x', 'y'.repeat(1_000)]);
    expect((await http2.answered(head(200, many(200), { end: true }))).reply?.headers).toHaveLength(200);
    for (const fields of [many(201), many(500), large(40), large(120)]) {
      expect(await http2.answered(longHead([[':status', '200'], ...fields]))).toMatchObject({
        reply: null,
        failure: { phase: 'http', code: 'HEADERS_TOO_LARGE' },
      });
    }
  });

  it('packs fields that grow a thousandfold', async () => {
    // A literal of 3,900 bytes enters the table, and each byte after it means that field again (RFC 7541 section 6.1).
    const literal = Buffer.concat([Buffer.from([0x40, 1, 0x78, 0x7f, 0xbd, 0x1d]), Buffer.alloc(3_900, 0x79)]);
    const block = Buffer.concat([Buffer.from([0x88]), literal, Buffer.alloc(150, 0xbe)]);
    expect(await http2.answered(frame(FRAME.headers, 5, 1, block))).toMatchObject({
      failure: { phase: 'http', code: 'HEADERS_TOO_LARGE' },
    });
  });

  it('sends interim replies, five or more', async () => {
    const interim = Array<Buffer>(5).fill(head(103, [['link', '</a>']]));
    expect(await http2.answered([...interim, ...hello])).toMatchObject({ failure: null, reply: { status: 200 } });
    expect(await http2.answered([...interim, head(100), ...hello])).toMatchObject({
      failure: { phase: 'http', code: 'TOO_MANY_INTERIM' },
    });
  });

  it.each([
    ['pings', frame(FRAME.ping, 0, 0, Buffer.alloc(8))],
    ['settings', SETTINGS],
    ['frames of no known type', frame(200, 0, 0, Buffer.alloc(1_000))],
    ['windows', frame(FRAME.windowUpdate, 0, 0, uint32(1))],
    ['empty parts of a head', frame(FRAME.continuation, 0, 1)],
    ['empty content', Buffer.concat([data(''), data('')])],
    ['padding', frame(FRAME.data, 8, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]))],
  ])('floods us with %s', async (what, piece) => {
    const pieces = Buffer.concat(Array<Buffer>(200).fill(piece));
    let sent = 0;
    const port = await http2.rawServer((socket) => {
      const isHead = what.includes('head');
      const opening = isHead ? frame(FRAME.headers, 0, 1, Buffer.from([0x88])) : what === 'padding' ? head(200) : [];
      socket.write(Buffer.concat([GREETING, ...(Buffer.isBuffer(opening) ? [opening] : opening)]));
      const pour = (): void => {
        while (!socket.destroyed && socket.write(pieces)) sent += pieces.length;
        socket.once('drain', pour);
      };
      pour();
    });
    const { failure } = await http2.ask(port, { maxMs: 60_000 });
    expect(failure?.code).toBe('H2_PROTOCOL');
    expect(sent).toBeLessThan(20_000_000);
  });
});

it('ends every conversation with one result and no error of ours, whatever frames come', async () => {
  const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((some) => Buffer.from(some));
  const any = fc
    .tuple(fc.nat({ max: 12 }), fc.nat({ max: 255 }), fc.nat({ max: 3 }), bytes(60))
    .map(([type, flags, stream, payload]) => frame(type, flags, stream, payload));
  const known = fc.constantFrom(
    SETTINGS,
    head(200),
    head(500),
    head(103),
    head(200, [['content-encoding', 'gzip']]),
    data('some text'),
    data('', { end: true }),
    reset(ERROR.none),
    goaway(ERROR.none),
    frame(FRAME.windowUpdate, 0, 1, uint32(2 ** 31 - 1)),
  );
  const conversation = fc.array(fc.oneof({ weight: 3, arbitrary: known }, any, bytes(30)), { maxLength: 12 });
  const method = fc.constantFrom('GET' as const, 'HEAD' as const);
  const rules = fc.constantFrom(null, { required: Buffer.from('text'), forbidden: [] });
  await fc.assert(
    fc.asyncProperty(conversation, method, rules, fc.boolean(), async (frames, asked, wanted, ends) => {
      const port = await http2.rawServer((socket) => {
        socket.write(GREETING);
        for (const one of frames) socket.write(one);
        if (ends) socket.end();
      });
      const { result, requesting } = await http2.start(port, { method: asked, rules: wanted, maxMs: 10, maxBytes: 50 });
      const timer = setTimeout(() => requesting.giveUp('DEADLINE', 'late'), 40);
      const { reply, failure, timings } = await result;
      clearTimeout(timer);
      expect(reply !== null || failure !== null).toBe(true);
      expect(Object.values(timings).every((ms) => ms >= 0)).toBe(true);
      await http2.stop();
    }),
    { numRuns: 60 },
  );
});
