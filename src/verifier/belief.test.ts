import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Site, startSite } from '../../test/kit/site.ts';
import { startTamperProxy, swapping } from '../../test/kit/tamper-proxy.ts';
import { askOne, clientOf, openVerifier, question, type TestVerifier, TOKEN, warmUp } from '../../test/kit/verifier.ts';
import { DEFAULT_PLAN } from '../domain/probe-plan.ts';
import { believed, failureOf } from './belief.ts';
import { questionDigest, sha256 } from './canonical.ts';
import { answerMessage } from './messages.ts';
import { type AnswerFields, keysOf, signatureOf } from './signing.ts';

let verifier: TestVerifier;
let site: Site;
beforeAll(async () => {
  verifier = await openVerifier();
  site = await startSite();
  await warmUp(verifier, site.url);
});
afterAll(async () => {
  await site.stop();
  await verifier.stop();
});

describe('what is done to an answer on the path', () => {
  it('does no harm where it passes as it is', async () => {
    const proxy = await startTamperProxy(verifier.port);
    expect(await askOne(clientOf(proxy), question(site.url))).toMatchObject({ kind: 'answer', says: 'up' });
  });

  it('shows when anything of it was changed', async () => {
    const proxy = await startTamperProxy(verifier.port, { toClient: swapping('verifier.test', 'verifier.tesT') });
    expect(await askOne(clientOf(proxy), question(site.url))).toMatchObject({ reason: 'bad_signature' });
  });

  it('shows when the question was changed, so that another one was answered', async () => {
    const plan = { ...DEFAULT_PLAN, forbiddenKeywords: ['never there'] };
    const proxy = await startTamperProxy(verifier.port, { toServer: swapping('never there', 'all is well') });
    expect(await askOne(clientOf(proxy), question(site.url, { plan }))).toMatchObject({ reason: 'wrong_request' });
    const elsewhere = await startTamperProxy(verifier.port, { toServer: swapping('/a-page', '/b-page') });
    expect(await askOne(clientOf(elsewhere), question(`${site.url}a-page`))).toMatchObject({ reason: 'wrong_request' });
  });

  it('shows when an old answer is played again, also under the id of the new question', async () => {
    const first = await startTamperProxy(verifier.port);
    expect(await askOne(clientOf(first), question(site.url, { requestId: 'old-one' }))).toMatchObject({ says: 'up' });
    const pieces = first.recorded();
    const again = await startTamperProxy(verifier.port, { replay: { pieces, after: 'new-one' } });
    expect(await askOne(clientOf(again), question(site.url, { requestId: 'new-one' }))).toMatchObject({
      reason: 'wrong_request',
    });
    const renamed = await startTamperProxy(verifier.port, {
      replay: { pieces: pieces.map(swapping('old-one', 'new-one')), after: 'new-one' },
    });
    const answer = await askOne(clientOf(renamed), question(site.url, { requestId: 'new-one' }));
    expect(answer).toMatchObject({ reason: 'wrong_request' });
  });

  it('never shows the secret itself', async () => {
    const seen: Buffer[] = [];
    const toServer = (bytes: Buffer) => {
      seen.push(bytes);
      return bytes;
    };
    const proxy = await startTamperProxy(verifier.port, { toServer });
    await askOne(clientOf(proxy), question(site.url));
    expect(Buffer.concat(seen).includes(TOKEN)).toBe(false);
  });
});

describe('an answer', () => {
  const keys = keysOf(TOKEN);
  const asked = question('https://a.example/');

  function answerTo(changed: Partial<AnswerFields> = {}): AnswerFields {
    return {
      requestId: asked.requestId,
      urlSha256: sha256(asked.url),
      questionSha256: questionDigest(asked),
      says: 'down',
      reason: 'http_server_error',
      httpCode: 500,
      errorCode: 0,
      failureClass: 'server',
      rttUs: 1_500n,
      host: 'v',
      issuedAtMs: 1n,
      ...changed,
    };
  }
  const judged = (changed: Partial<AnswerFields>, signedAs = answerTo(changed)) =>
    believed([asked], [answerMessage(answerTo(changed), signatureOf(signedAs, keys))], keys, 5)[0];

  it('is believed as it was signed', () => {
    expect(judged({})).toEqual({
      kind: 'answer',
      says: 'down',
      reason: 'http_server_error',
      httpCode: 500,
      errorCode: 0,
      failureClass: 'server',
      rttMs: 1.5,
      host: 'v',
      tookMs: 5,
    });
  });

  const changes: Partial<AnswerFields>[] = [
    { says: 'up' },
    { reason: 'ok' },
    { httpCode: 200 },
    { httpCode: null },
    { errorCode: 1 },
    { failureClass: null },
    { rttUs: null },
    { rttUs: 1n },
    { host: 'w' },
    { issuedAtMs: 2n },
  ];
  it.each(changes)('is not believed when it was signed otherwise: %o', (changed) => {
    expect(judged(changed, answerTo())).toMatchObject({ kind: 'failed', reason: 'bad_signature' });
  });

  it.each([
    { requestId: 'another' },
    { urlSha256: sha256('https://b.example/') },
    { questionSha256: sha256('another') },
  ])('is not believed for another question, though signed: %o', (changed) => {
    expect(judged(changed)).toMatchObject({ kind: 'failed', reason: 'wrong_request' });
  });

  it.each([{ errorCode: 9 }, { reason: 'x'.repeat(1_000) }, { host: 'x'.repeat(1_000) }, { rttUs: -1n }])(
    'is refused when it holds what no answer may: %#',
    (changed) => {
      expect(judged(changed)).toMatchObject({ kind: 'failed', reason: 'malformed' });
    },
  );

  it('is not believed when it was signed with another secret', () => {
    const stolen = answerMessage(answerTo(), signatureOf(answerTo(), keysOf('another secret')));
    expect(believed([asked], [stolen], keys, 5)[0]).toMatchObject({ reason: 'bad_signature' });
  });

  it('counts once, and for its own question alone', () => {
    const other = question('https://b.example/');
    const both = answerMessage(answerTo(), signatureOf(answerTo(), keys));
    expect(believed([asked, other], [both, both], keys, 5)).toMatchObject([
      { kind: 'answer' },
      { kind: 'failed', reason: 'wrong_request' },
    ]);
    expect(believed([asked], [both, both], keys, 5)).toMatchObject([{ kind: 'failed', reason: 'malformed' }]);
    expect(believed([asked], [], keys, 5)).toMatchObject([{ kind: 'failed', reason: 'malformed' }]);
  });

  it('leaves an error of ours no better than a failure', () => {
    expect(failureOf(new Error('x'.repeat(1_000))).detail.length).toBeLessThanOrEqual(300);
  });
});
