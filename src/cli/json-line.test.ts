import { describe, expect, it } from 'vitest';
import { parseJson } from '../lib/json.ts';
import { jsonLine } from './json-line.ts';

describe('jsonLine', () => {
  it('writes no character that a terminal could obey, and loses none', () => {
    const hostile = { text: 'a\u001b[31m\u009b0m\u007f\u202e\u2028\n"\\b' };
    const line = jsonLine(hostile);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be printed
    expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/);
    expect(line.indexOf('\n')).toBe(line.length - 1);
    expect(JSON.parse(line)).toEqual(hostile);
  });

  it('keeps 64-bit ids exact', () => {
    const line = jsonLine({ id: 9_223_372_036_854_775_807n });
    expect(line).toBe('{"id":9223372036854775807}\n');
    expect(parseJson(line)).toMatchObject({ ok: true, value: { id: 9_223_372_036_854_775_807n } });
  });
});
