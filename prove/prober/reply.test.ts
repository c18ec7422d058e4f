import { expect, it } from 'vitest';
import { KEYWORD, numberOf, pageOf, replyOf } from './reply.ts';

it('makes a page of the size asked for, with the keyword at its end', () => {
  for (const bytes of [1_024, 20_480]) {
    const page = pageOf(bytes);
    expect(Buffer.byteLength(page)).toBe(bytes);
    expect(page.indexOf(KEYWORD)).toBeGreaterThan(bytes * 0.9);
  }
  expect(() => pageOf(10)).toThrow('at least');
});

it('announces the length of its page, with room for one more field', () => {
  const { head, rest } = replyOf('<p>');
  expect(head).toContain('\r\nContent-Length: 3\r\n');
  expect(head + rest).toMatch(/Connection: close\r\n\r\n<p>$/);
});

it('reads the number out of a request line', () => {
  expect(numberOf(Buffer.from('GET /1207 HTTP/1.1\r\n\r\n'))).toBe(1_207);
  expect(numberOf(Buffer.from('GET /0 HTTP/1.1\r\n\r\n'))).toBe(0);
  expect(numberOf(Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toBe(-1);
  expect(numberOf(Buffer.from('nothing'))).toBe(-1);
});
