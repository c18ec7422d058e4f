import { describe, expect, it } from 'vitest';
import type { BodyWanted, HeaderField } from './exchange.ts';
import { requestBytes } from './http1-request.ts';

const BODY: BodyWanted = { maxBytes: 0, maxMs: 0, rules: null, rulesMaxBytes: 0, rulesMaxMs: 0, hash: false };

function linesOf(headers: readonly HeaderField[], body: Partial<BodyWanted> = {}): string[] {
  const url = new URL('http://a.example/shop?q=1');
  const text = requestBytes({ method: 'GET', url, headers, body: { ...BODY, ...body } }, 'jetmon-test/1.0');
  expect(text.endsWith('\r\n\r\n')).toBe(true);
  return text.slice(0, -4).split('\r\n');
}

describe('the bytes of a request', () => {
  it('are the least that servers expect where nothing more is asked for', () => {
    expect(linesOf([])).toEqual([
      'GET /shop?q=1 HTTP/1.1',
      'Host: a.example',
      'User-Agent: jetmon-test/1.0',
      'Accept: */*',
      'Accept-Encoding: identity',
      'Connection: close',
    ]);
  });

  it('hold further header fields as they are, in their order', () => {
    const lines = linesOf([
      ['X-Token', 'a: b\tc \u00ff'],
      ['Cookie', ''],
    ]);
    expect(lines.slice(-3)).toEqual(['X-Token: a: b\tc \u00ff', 'Cookie: ', 'Connection: close']);
  });

  it('hold a User-Agent or Accept of others in the place of ours, however it is written', () => {
    const lines = linesOf([
      ['user-agent', 'mine'],
      ['ACCEPT', 'text/html'],
    ]);
    expect(lines.filter((line) => /^(user-agent|accept):/i.test(line))).toEqual([
      'user-agent: mine',
      'ACCEPT: text/html',
    ]);
  });

  it('ask for gzip only where something is looked for in the text', () => {
    expect(linesOf([], { rules: { required: null, forbidden: [Buffer.from('x')] } })).toContain(
      'Accept-Encoding: gzip',
    );
  });

  it.each([
    ['X-A', 'canary\r\nX-B: b'],
    ['X-A', 'canary\n'],
    ['X-A', 'canary\u010d\u010a'],
    ['X-A\r\nX-B', 'canary'],
    ['X A', 'canary'],
    ['', 'canary'],
  ])('are not made of the field %j: %j, whose value is not told', (name, value) => {
    expect(() =>
      linesOf([
        ['X-Fine', '1'],
        [name, value],
      ]),
    ).toThrow(/^header field 2 of 2 cannot be sent$/);
  });
});
