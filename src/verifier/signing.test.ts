import { describe, expect, it } from 'vitest';
import { question, TOKEN } from '../../test/kit/verifier.ts';
import { DEFAULT_PLAN } from '../domain/probe-plan.ts';
import { createAdmission } from './admission.ts';
import { canonical, questionDigest, sha256 } from './canonical.ts';
import { keysOf, signatureOf } from './signing.ts';

/** Worked out by another program from docs/verifiers.md. */
const QUESTION_SHA256 = '4508d2909637d0f89fe5f6eddab824b7e7b72cded5858161832051fa44aa9bf6';
const ACCESS_KEY = '99d4cfc4fd23465896e71fbfbe36b5be3f528e1a58aad226f93f5e76ac629def';
const SIGNATURE = 'bffc4b659431a441a7e73c125635ab0b9872d7f58817c67425693f7531c8e11e';

const asked = question('https://a.example/ü', {
  requestId: 'r',
  siteId: 1n,
  endpointId: 2n,
  timeoutMs: 10_000,
  plan: {
    ...DEFAULT_PLAN,
    expectedStatus: [
      [200, 299],
      [401, 401],
    ],
    keyword: 'Welcome',
    forbiddenKeywords: ['Fatal'],
    headers: [['X-One', '1']],
  },
});

describe('the canonical form', () => {
  it('is what its description says', () => {
    expect(questionDigest(asked).toString('hex')).toBe(QUESTION_SHA256);
    const signature = signatureOf(
      {
        requestId: 'r',
        urlSha256: sha256(asked.url),
        questionSha256: questionDigest(asked),
        says: 'down',
        reason: 'http_server_error',
        httpCode: 500,
        errorCode: 0,
        failureClass: 'server',
        rttUs: null,
        host: 'v',
        issuedAtMs: 1n,
      },
      keysOf(TOKEN),
    );
    expect(signature.toString('hex')).toBe(SIGNATURE);
  });

  it('cannot be read in two ways', () => {
    expect(canonical(['ab', 'c'])).not.toEqual(canonical(['a', 'bc']));
    expect(canonical([''])).not.toEqual(canonical([null]));
  });
});

describe('who is let in', () => {
  const admit = createAdmission(['old', TOKEN]);

  it('is whoever shows a secret, or the access key that follows from it', () => {
    expect(keysOf(TOKEN).access).toBe(ACCESS_KEY);
    for (const shown of [TOKEN, ACCESS_KEY]) expect(admit(`Bearer ${shown}`)).toEqual(keysOf(TOKEN));
    expect(admit('bearer old')).toEqual(keysOf('old'));
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Bearer wrong', 'Basic old', 'old', 'Bearer old old', 'Bearer ol'])(
    'is nobody who shows %o',
    (shown) => {
      expect(admit(shown)).toBeNull();
    },
  );

  it('needs a secret to tell by', () => {
    expect(() => createAdmission([])).toThrow(TypeError);
    expect(() => createAdmission([''])).toThrow(TypeError);
  });
});
