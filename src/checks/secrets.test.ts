import { describe, expect, it } from 'vitest';
import { withoutSecrets } from './secrets.ts';

const headers = (...list: [string, string][]) => ({ headers: list });

describe('what was sent in confidence', () => {
  const bearer = headers(['Authorization', 'Bearer s3cr3t/t0ken+']);

  it.each([
    ['as it is', 'Authorization: Bearer s3cr3t/t0ken+ was refused'],
    ['without its scheme', 'token s3cr3t/t0ken+'],
    ['in a URL', 'https://a.test/?t=s3cr3t%2Ft0ken%2B'],
  ])('is not shown %s', (_, text) => {
    const shown = withoutSecrets({ list: [{ text }] }, bearer).list[0]?.text;
    expect(shown).toContain('[secret]');
    expect(shown).not.toContain('t0ken');
  });

  it('is not shown by what it stands for: the password that Basic wraps, the value of a cookie', () => {
    const basic = headers(['Authorization', `Basic ${Buffer.from('ann:hunter22').toString('base64')}`]);
    expect(withoutSecrets('hello ann, hunter22', basic)).toBe('hello ann, [secret]');
    expect(withoutSecrets('id is abcdef', headers(['Cookie', 'lang=en; sid=abcdef']))).toBe('id is [secret]');
  });

  it('is all that is changed: numbers, nulls and what everybody sends stay', () => {
    const data = { code: 500, none: null, list: [1, 'plain'], agent: 'my-agent' };
    expect(withoutSecrets(data, headers(['User-Agent', 'my-agent'], ['X-Key', 'k3y-value']))).toEqual(data);
    expect(withoutSecrets(data, headers())).toBe(data);
  });
});
