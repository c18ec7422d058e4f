/**
 * The canonical form of questions and answers, over which digests and signatures go: its fields in a fixed order, each as
 * its length in four bytes, the highest first, and its UTF-8 text. Numbers are decimal, digests lower-case hex; a field
 * that is absent has the length ffffffff and no text.
 */
import { createHash } from 'node:crypto';
import { formatExpectedStatus } from '../domain/probe-plan.ts';
import type { RemoteQuestion } from './client.ts';

export type Field = string | number | bigint | null;

const ABSENT = 0xffff_ffff;

export function canonical(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(encoded));
}

function encoded(field: Field): Buffer[] {
  const length = Buffer.alloc(4);
  const text = field === null ? null : Buffer.from(String(field), 'utf8');
  length.writeUInt32BE(text === null ? ABSENT : text.length);
  return text === null ? [length] : [length, text];
}

export function sha256(bytes: string | Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** Digest of all that was asked: who changes a question on the path gets an answer that nobody takes. */
export function questionDigest(question: RemoteQuestion): Buffer {
  const { plan, budgets } = question;
  return sha256(
    canonical([
      'jetmon verifier question 1',
      question.requestId,
      question.siteId,
      question.endpointId,
      question.url,
      question.timeoutMs,
      plan.method,
      plan.profile,
      plan.redirects,
      plan.expectedStatus === null ? null : formatExpectedStatus(plan.expectedStatus),
      plan.keyword,
      plan.forbiddenKeywords.length,
      ...plan.forbiddenKeywords,
      plan.headers.length,
      ...plan.headers.flat(),
      plan.http2 ? 1 : 0,
      budgets.bodyMaxBytes,
      budgets.bodyMaxMs,
      budgets.keywordMaxBytes,
      budgets.keywordMaxMs,
    ]),
  );
}
