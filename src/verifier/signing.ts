/** What follows from the secret that a monitor and a verifier share: the way in, and the signature of answers. */
import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { canonical } from './canonical.ts';

export type Keys = {
  /** What our own client shows instead of the secret, which thus never crosses the network. */
  access: string;
  signing: KeyObject;
};

/** HKDF-SHA256 without salt (RFC 5869): neither key tells anything of the other or of the secret. */
export function keysOf(authToken: string): Keys {
  return {
    access: derived(authToken, 'jetmon verifier access 1').toString('hex'),
    // Made once: a key given as bytes costs more at each use than the signature.
    signing: createSecretKey(derived(authToken, 'jetmon verifier answer 1')),
  };
}

function derived(authToken: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', authToken, '', purpose, 32));
}

/** All that an answer says, and what it answers. */
export type AnswerFields = {
  requestId: string;
  urlSha256: Uint8Array;
  questionSha256: Uint8Array;
  says: 'down' | 'up' | 'none';
  reason: string;
  httpCode: number | null;
  errorCode: number;
  failureClass: string | null;
  rttUs: bigint | null;
  host: string;
  issuedAtMs: bigint;
};

/** HMAC-SHA256 over the canonical form. */
export function signatureOf(answer: AnswerFields, { signing }: Keys): Buffer {
  const fields = canonical([
    'jetmon verifier answer 1',
    answer.requestId,
    hex(answer.urlSha256),
    hex(answer.questionSha256),
    answer.says,
    answer.reason,
    answer.httpCode,
    answer.errorCode,
    answer.failureClass,
    answer.rttUs,
    answer.host,
    answer.issuedAtMs,
  ]);
  return createHmac('sha256', signing).update(fields).digest();
}

export function isSignedBy(answer: AnswerFields, signature: Uint8Array, keys: Keys): boolean {
  return isSame(signatureOf(answer, keys), signature);
}

/** In a time that tells nothing of where they differ. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
