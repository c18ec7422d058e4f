import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventParser, type ServerSentEvent } from './server-sent-events.ts';

function parse(chunks: string[]): ServerSentEvent[] {
  const events: ServerSentEvent[] = [];
  const feed = createEventParser((event) => events.push(event));
  for (const chunk of chunks) feed(chunk);
  return events;
}

const STREAM = ': hello\n\nid: 7\nevent: site\ndata: {"a":1}\n\ndata:two\ndata: lines\n\nevent: empty\n\nretry: 5\n\n';

describe('createEventParser', () => {
  it('reads names, ids and data, and skips comments and empty messages', () => {
    expect(parse([STREAM])).toEqual([
      { name: 'site', data: '{"a":1}', id: '7' },
      { name: 'message', data: 'two\nlines', id: '7' },
    ]);
  });

  it('reads the same however the bytes are cut', () => {
    const whole = parse([STREAM]);
    fc.assert(
      fc.property(fc.array(fc.nat(STREAM.length), { maxLength: 8 }), (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), STREAM.length];
        const chunks = ends.map((end, index) => STREAM.slice(ends[index - 1] ?? 0, end));
        expect(parse(chunks)).toEqual(whole);
      }),
    );
  });

  it('knows all three line ends, also when one is cut in two', () => {
    const events = parse(['data: a\r\n\r', '\ndata: b\r\rdata: c\n', '\n']);
    expect(events.map((event) => event.data)).toEqual(['a', 'b', 'c']);
  });

  it('drops a message without end and refuses a line without end', () => {
    const long = 'x'.repeat(1024 * 1024);
    expect(parse([...Array.from({ length: 5 }, () => `data: ${long}\n`), '\n', 'data: next\n\n'])).toMatchObject([
      { data: 'next' },
    ]);
    expect(() => parse(Array.from({ length: 5 }, () => long))).toThrow(RangeError);
  });
});
