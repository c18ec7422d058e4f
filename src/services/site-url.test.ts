import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { MAX_URL_BYTES, parseMonitorUrl, parseTypedUrl } from './site-url.ts';

function refusal(text: string): AppError {
  try {
    parseMonitorUrl(text);
  } catch (thrown) {
    if (thrown instanceof AppError) return thrown;
    throw thrown;
  }
  throw new Error(`accepted ${text}`);
}

describe('parseMonitorUrl', () => {
  it.each([
    ['https://example.com', 'https://example.com/'],
    ['HTTP://EXAMPLE.com:80/a b?c=d#part', 'http://example.com/a%20b?c=d'],
    ['https://example.com:8443/', 'https://example.com:8443/'],
    ['http://[2001:db8::1]/', 'http://[2001:db8::1]/'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/'],
  ])('stores %s as %s', (text, stored) => {
    expect(parseMonitorUrl(text)).toBe(stored);
  });

  it.each([
    ['', /empty/],
    ['example.com', /not an absolute URL/],
    ['ftp://example.com/', /scheme ftp:/],
    ['javascript:alert(1)', /scheme javascript:/],
    ['https://', /not an absolute URL/],
    ['https://user:secret@example.com/', /user name/],
    ['https://exam\nple.com/', /control/],
    ['https://example.com/\u007f', /control/],
    [' https://example.com/', /space/],
    [`https://example.com/${'a'.repeat(300)}`, /320 bytes/],
  ])('refuses %j and says why', (text, why) => {
    const error = refusal(text);
    expect(error.code).toBe('invalid_url');
    expect(error.message).toMatch(why);
    expect(error.fix).not.toBeNull();
  });

  it('never repeats user info, which may be a secret', () => {
    expect(refusal('https://user:hunter2@example.com/').message).not.toContain('hunter2');
    expect(refusal('ftp://user:hunter2@example.com/').message).not.toContain('hunter2');
  });

  it('is canonical: parsing what it stored changes nothing', () => {
    fc.assert(
      fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (text) => {
        if (text.length > MAX_URL_BYTES / 3) return;
        const stored = parseMonitorUrl(text);
        expect(parseMonitorUrl(stored)).toBe(stored);
      }),
    );
  });

  it('answers any text with a URL or a refusal', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          expect(parseMonitorUrl(text).length).toBeLessThanOrEqual(MAX_URL_BYTES);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AppError);
        }
      }),
    );
  });
});

describe('parseTypedUrl', () => {
  it('adds https:// to a bare host, and nothing to a URL', () => {
    expect(parseTypedUrl('example.com')).toBe('https://example.com/');
    expect(parseTypedUrl('localhost:8080/x')).toBe('https://localhost:8080/x');
    expect(parseTypedUrl('http://example.com')).toBe('http://example.com/');
    expect(parseTypedUrl('example.com/?to=http://example.org')).toBe('https://example.com/?to=http://example.org');
  });

  it('refuses a misspelled scheme', () => {
    expect(() => parseTypedUrl('ht!tp://example.com')).toThrow('is not an absolute URL');
    expect(() => parseTypedUrl('htp://example.com')).toThrow('uses the scheme htp:');
    expect(() => parseTypedUrl('htp:/bad url')).toThrow('uses the scheme htp:');
  });
});
