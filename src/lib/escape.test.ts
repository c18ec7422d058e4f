import { describe, expect, it } from 'vitest';
import { escapeControl } from './escape.ts';

describe('text from strangers', () => {
  it('cannot colour a terminal, forge a line, or turn the direction of reading', () => {
    expect(escapeControl('a\u001b[31mred')).toBe('a\\u001b[31mred');
    expect(escapeControl('one\r\ntwo')).toBe('one\\u000d\\u000atwo');
    expect(escapeControl('\u202egnp.exe')).toBe('\\u202egnp.exe');
    expect(escapeControl('\u2028\u0085\u0000')).toBe('\\u2028\\u0085\\u0000');
  });

  it('is left alone where it is harmless', () => {
    expect(escapeControl('Zürich → 東京 ✔')).toBe('Zürich → 東京 ✔');
  });
});
