import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { data, FRAME, frame, GREETING, goaway, head, longHead, reset, trailers } from '../../test/kit/raw-http2.ts';
import { FrameWatch, PREFACE_BYTES } from './http2-frames.ts';

function watch(pieces: readonly Buffer[], skipBytes = 0) {
  const frames = new FrameWatch(skipBytes);
  const taken = pieces.map((piece) => frames.push(piece)).reduce((before, count) => before + count, 0);
  const { hasHeaders, isEnded, resetCode, goaway: farewell, bytes, contentBytes } = frames;
  expect(bytes).toBe(taken);
  return { hasHeaders, isEnded, resetCode, goaway: farewell, bytes, contentBytes };
}

const NOTHING = { hasHeaders: false, isEnded: false, resetCode: null, goaway: null, contentBytes: 0 };

describe('the frames of a server', () => {
  it.each([
    ['settings', GREETING, {}],
    ['a head', head(200), { hasHeaders: true }],
    ['a head of several frames', longHead([['a', 'x'.repeat(90)]], 20), { hasHeaders: true }],
    ['a head without content', head(204, [], { end: true }), { hasHeaders: true, isEnded: true }],
    ['content', data('hello'), { contentBytes: 5 }],
    ['padded content', frame(FRAME.data, 8, 1, Buffer.from([2, 65, 66, 67, 0, 0])), { contentBytes: 3 }],
    ['more padding than content', frame(FRAME.data, 8, 1, Buffer.from([9, 65])), {}],
    ['the last content', data('hello', { end: true }), { isEnded: true, contentBytes: 5 }],
    ['trailers', trailers([['a', 'b']]), { hasHeaders: true, isEnded: true }],
    ['a reset', reset(0), { resetCode: 0 }],
    ['two resets', Buffer.concat([reset(7), reset(8)]), { resetCode: 7 }],
    ['a farewell', goaway(11, 5), { goaway: { lastStream: 5, code: 11 } }],
    ['frames of other streams', Buffer.concat([frame(FRAME.data, 1, 3), frame(FRAME.headers, 5, 3)]), {}],
    [
      'a reset and a farewell that are cut',
      Buffer.concat([frame(FRAME.rstStream, 0, 1), frame(FRAME.goaway, 0, 0)]),
      {},
    ],
  ])('tell of %s', (_, bytes, told) => {
    expect(watch([bytes])).toEqual({ ...NOTHING, ...told, bytes: bytes.length });
  });

  it('do not end with a head whose last frame is still to come', () => {
    const [first, last] = [
      frame(FRAME.headers, 1, 1, Buffer.alloc(3)),
      frame(FRAME.continuation, 4, 1, Buffer.alloc(3)),
    ];
    expect(watch([first]).isEnded).toBe(false);
    expect(watch([first, last]).isEnded).toBe(true);
  });

  it('are looked at up to the end of the stream', () => {
    const whole = Buffer.concat([head(200), data('hello', { end: true })]);
    expect(watch([whole, goaway(2), reset(2)])).toMatchObject({ isEnded: true, goaway: null, bytes: whole.length });
  });

  it('tell the same however they are cut, behind a preface or not', () => {
    const preface = Buffer.alloc(PREFACE_BYTES, 0xff);
    const frames = [GREETING, head(103), goaway(0, 1), longHead([['a', 'x'.repeat(90)]], 20), data('abc'), reset(5)];
    const bytes = Buffer.concat([preface, ...frames]);
    const whole = watch([bytes], PREFACE_BYTES);
    expect(whole).toMatchObject({ hasHeaders: true, resetCode: 5, goaway: { lastStream: 1, code: 0 } });
    fc.assert(
      fc.property(fc.array(fc.nat({ max: bytes.length }), { maxLength: 20 }), (cuts) => {
        const borders = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
        expect(watch(pieces, PREFACE_BYTES)).toEqual(whole);
      }),
    );
  });

  it('may be anything at all', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
        const bytes = pieces.map((piece) => Buffer.from(piece));
        expect(watch(bytes).bytes).toBeLessThanOrEqual(Buffer.concat(bytes).length);
      }),
    );
  });
});
