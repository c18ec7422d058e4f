import { describe, expect, it } from 'vitest';
import { ocspStatus } from './ocsp-staple.ts';

/** One DER element. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 0x80) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 0xff]), body]);
}

const SEQUENCE = 0x30;
const CERT_ID = der(SEQUENCE, der(0x04, Buffer.alloc(20)));
const TIME = der(0x18, Buffer.from('20260101000000Z'));
const STATUSES = { good: der(0x80), revoked: der(0xa1, TIME), unknown: der(0x82) };

function staple(status: Buffer, responseStatus = 0): Buffer {
  const single = der(SEQUENCE, CERT_ID, status, TIME);
  const data = der(SEQUENCE, der(0xa2, der(0x04, Buffer.alloc(20))), TIME, der(SEQUENCE, single));
  const basic = der(SEQUENCE, data, der(SEQUENCE), der(0x03, Buffer.alloc(200)));
  const bytes = der(SEQUENCE, der(0x06, Buffer.from([1])), der(0x04, basic));
  return der(SEQUENCE, der(0x0a, Buffer.from([responseStatus])), der(0xa0, bytes));
}

describe('an OCSP staple', () => {
  it.each(['good', 'revoked', 'unknown'] as const)('says %s', (status) => {
    expect(ocspStatus(staple(STATUSES[status]))).toBe(status);
  });

  it('that is not there is none', () => {
    expect(ocspStatus(null)).toBe('none');
    expect(ocspStatus(Buffer.alloc(0))).toBe('none');
  });

  it('of a responder that has no answer is unreadable', () => {
    expect(ocspStatus(der(SEQUENCE, der(0x0a, Buffer.from([3]))))).toBe('unreadable');
    expect(ocspStatus(staple(STATUSES.good, 1))).toBe('unreadable');
  });

  it('that is cut anywhere, or broken at any byte, breaks nothing', () => {
    const whole = staple(STATUSES.good);
    for (let length = 1; length < whole.length; length += 1) {
      expect(ocspStatus(whole.subarray(0, length))).toBe('unreadable');
      const broken = Buffer.from(whole);
      broken[length] = (broken[length] ?? 0) ^ 0xff;
      expect(['good', 'revoked', 'unknown', 'unreadable']).toContain(ocspStatus(broken));
    }
  });
});
