import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { startSite } from '../../test/kit/site.ts';
import { startTamperProxy } from '../../test/kit/tamper-proxy.ts';
import { closedPort, startTcpServer } from '../../test/kit/tcp-server.ts';
import {
  askOne,
  clientOf,
  openVerifier,
  PATIENT,
  question,
  scriptedProber,
  startVerifier,
  type TestVerifier,
  TOKEN,
  warmUp,
} from '../../test/kit/verifier.ts';
import { DEFAULT_BUDGETS, DEFAULT_PLAN } from '../domain/probe-plan.ts';

let shared: TestVerifier;
beforeAll(async () => {
  shared = await openVerifier();
  const site = await startSite();
  await warmUp(shared, site.url);
  await site.stop();
});
afterAll(() => shared.stop());

async function siteForTest(options: Parameters<typeof startSite>[0] = {}) {
  const site = await startSite(options);
  onTestFinished(site.stop);
  return site;
}

describe('a verifier that is asked', () => {
  it('says up of a site that is, and how long it took', async () => {
    const site = await siteForTest();
    const client = clientOf(shared);
    expect(await askOne(client, question(site.url))).toEqual({
      kind: 'answer',
      says: 'up',
      reason: 'ok',
      httpCode: 200,
      errorCode: 0,
      failureClass: 'success',
      rttMs: expect.any(Number),
      host: 'verifier.test',
      tookMs: expect.any(Number),
    });
  });

  it('says down of a site that fails, with code and class, and none where it could not tell', async () => {
    const site = await siteForTest({ behaviour: { kind: 'status', code: 503 } });
    const client = clientOf(shared);
    expect(await askOne(client, question(site.url))).toMatchObject({
      says: 'down',
      reason: 'http_server_error',
      httpCode: 503,
      failureClass: 'server',
    });
    const closed = `http://127.0.0.1:${await closedPort()}/`;
    expect(await askOne(client, question(closed))).toMatchObject({ says: 'down', errorCode: 2, httpCode: null });
    // The egress guard is the same as for probes of our own.
    expect(await askOne(client, question('http://169.254.169.254/'))).toMatchObject({ says: 'none' });
  });

  it('does as the plan and the budgets say', async () => {
    const site = await siteForTest({ behaviour: { kind: 'up', body: `${'x'.repeat(5_000)}Welcome` } });
    const client = clientOf(shared);
    const ask = (plan: Partial<typeof DEFAULT_PLAN>, budgets: Partial<typeof DEFAULT_BUDGETS> = {}) =>
      askOne(
        client,
        question(site.url, { plan: { ...DEFAULT_PLAN, ...plan }, budgets: { ...DEFAULT_BUDGETS, ...budgets } }),
      );
    expect(await ask({ keyword: 'Welcome' })).toMatchObject({ says: 'up' });
    expect(await ask({ keyword: 'Goodbye' })).toMatchObject({ says: 'down', errorCode: 5 });
    expect(await ask({ forbiddenKeywords: ['nothing', 'Welcome'] })).toMatchObject({ says: 'down', errorCode: 5 });
    expect(await ask({ forbiddenKeywords: ['Welcome'] }, { keywordMaxBytes: 1_000 })).toMatchObject({ says: 'up' });
    expect(await ask({ forbiddenKeywords: ['Welcome'], method: 'HEAD' })).toMatchObject({ says: 'up' });
    expect(await ask({ expectedStatus: [[201, 204]] })).toMatchObject({ says: 'down' });
    site.behave({ kind: 'redirect_chain', hops: 1 });
    expect(await ask({ redirects: 'fail' })).toMatchObject({ says: 'down', errorCode: 4 });
  });

  it('answers many questions in their order, the quick ones and those of sites that hang', async () => {
    const quick = await siteForTest();
    const stuck = await siteForTest({ behaviour: { kind: 'hang', at: 'request' } });
    const client = clientOf(shared);
    const asked = Array.from({ length: 100 }, (_, index) =>
      question(index % 5 === 0 ? stuck.url : quick.url, { timeoutMs: 1_500 }),
    );
    const answers = await client.ask(asked, PATIENT);
    const says = answers.map((answer) => (answer.kind === 'answer' ? answer.says : answer.reason));
    expect(says.filter((_, index) => index % 5 !== 0)).toEqual(Array(80).fill('up'));
    // A machine that pauses may leave no time for some of them, and then nothing is said.
    expect(['down', 'none']).toEqual(expect.arrayContaining(says.filter((_, index) => index % 5 === 0)));
    // One after the other, the twenty that hang would take thirty seconds.
    expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(20_000);
  });

  it('has no verdict on sites whose turn does not come in time', async () => {
    const { createProber, jobs, answer } = scriptedProber();
    const client = clientOf(await startVerifier({ createProber, maxLooks: 1 }));
    const asked = client.ask(
      Array.from({ length: 4 }, () => question('http://127.0.0.1/', { timeoutMs: 1 })),
      PATIENT,
    );
    await eventually('the first look', () => jobs.length === 1);
    answer(0, 'Seems Down');
    expect(await asked).toMatchObject([
      { says: 'down' },
      { says: 'none', reason: 'verifier_late' },
      { says: 'none', reason: 'verifier_busy' },
      { says: 'none', reason: 'verifier_busy' },
    ]);
    expect(jobs.length).toBe(2);
  });

  it('says how it is to anybody', async () => {
    const { port } = shared;
    expect(await clientOf({ port, authToken: 'wrong' }).status(PATIENT)).toEqual({ ok: true, version: '9.9.9' });
    expect(await clientOf({ port: await closedPort() }).status(PATIENT)).toEqual({ ok: false, version: null });
  });

  it('keeps one connection for all calls', async () => {
    const site = await siteForTest();
    const proxy = await startTamperProxy(shared.port);
    const client = clientOf(proxy);
    await askOne(client, question(site.url));
    await Promise.all([askOne(client, question(site.url)), askOne(client, question(site.url))]);
    expect(proxy.connections()).toBe(1);
    client.close();
    expect(await askOne(client, question(site.url))).toMatchObject({ kind: 'failed', reason: 'unreachable' });
  });

  it('answers anew after it was away', async () => {
    const options = { createProber: scriptedProber().createProber };
    const first = await startVerifier(options);
    const client = clientOf(first);
    expect(await client.status(PATIENT)).toMatchObject({ ok: true });
    await first.stop();
    expect(await client.status(PATIENT)).toMatchObject({ ok: false });
    await startVerifier({ ...options, port: first.port });
    expect(await client.status(PATIENT)).toMatchObject({ ok: true });
  });
});

describe('a question that comes to nothing', () => {
  it('has the words for it where the token is wrong', async () => {
    const { port } = shared;
    expect(await askOne(clientOf({ port, authToken: 'wrong' }), question('http://127.0.0.1/'))).toMatchObject({
      kind: 'failed',
      reason: 'unauthorized',
    });
  });

  it('is answered with either token while the token is being changed', async () => {
    const { createProber, jobs, answer } = scriptedProber();
    const { port } = await startVerifier({ createProber, authTokens: ['new', TOKEN] });
    for (const [index, authToken] of ['new', TOKEN].entries()) {
      const asked = askOne(clientOf({ port, authToken }), question('http://127.0.0.1/'));
      await eventually('the look', () => jobs.length > index);
      answer(index, 'Up');
      expect(await asked).toMatchObject({ says: 'up' });
    }
  });

  it('is unreachable where nobody listens', async () => {
    const answer = await askOne(clientOf({ port: await closedPort() }), question('http://127.0.0.1/'));
    expect(answer).toMatchObject({ kind: 'failed', reason: 'unreachable', detail: 'ECONNREFUSED' });
  });

  it.each([
    ['says nothing', () => {}],
    ['speaks another protocol', (socket: { end(text: string): void }) => socket.end('220 mail.example ESMTP\r\n')],
  ])('fails where the other side %s', async (_, onConnection) => {
    const server = await startTcpServer(onConnection);
    onTestFinished(server.stop);
    const gaveUp = new AbortController();
    const asked = clientOf(server).ask([question('http://127.0.0.1/', { timeoutMs: 1 })], gaveUp.signal);
    setTimeout(() => gaveUp.abort(), 300);
    expect(await asked).toMatchObject([{ kind: 'failed', reason: expect.stringMatching(/^(timeout|unreachable)$/) }]);
  });

  it('ends when whoever asked gives up', async () => {
    const stuck = await siteForTest({ behaviour: { kind: 'hang', at: 'request' } });
    const client = clientOf(shared);
    const gaveUp = new AbortController();
    const asked = client.ask([question(stuck.url, { timeoutMs: 60_000 })], gaveUp.signal);
    setTimeout(() => gaveUp.abort(), 300);
    expect(await asked).toMatchObject([{ kind: 'failed', reason: 'timeout', detail: 'whoever asked gave up' }]);
    expect(await client.ask([question(stuck.url)], gaveUp.signal)).toMatchObject([{ reason: 'timeout' }]);
  });

  it.each([
    ['no site of the web', { url: 'ftp://127.0.0.1/' }],
    ['a deadline beyond all', { timeoutMs: 3_600_000 }],
    ['a request id with a line feed', { requestId: 'a\nb' }],
    ['a header that is the prober’s own', { plan: { ...DEFAULT_PLAN, headers: [['Host', 'other.example']] as const } }],
  ])('is refused in words when it is %s', async (_, changed) => {
    const client = clientOf(shared);
    expect(await askOne(client, question('http://127.0.0.1/', changed))).toMatchObject({
      kind: 'failed',
      reason: 'refused',
      detail: expect.stringMatching(/^site 0: /),
    });
  });

  it('is refused while too many are being answered', async () => {
    const { createProber, jobs, answer } = scriptedProber();
    const client = clientOf(await startVerifier({ createProber, maxBatches: 1 }));
    const first = askOne(client, question('http://127.0.0.1/'));
    await eventually('the first look', () => jobs.length === 1);
    expect(await askOne(client, question('http://127.0.0.1/'))).toMatchObject({ kind: 'failed', reason: 'refused' });
    answer(0, 'Up');
    expect(await first).toMatchObject({ says: 'up' });
    const second = askOne(client, question('http://127.0.0.1/'));
    await eventually('the place is free again', () => jobs.length === 2);
    answer(1, 'Up');
    expect(await second).toMatchObject({ says: 'up' });
  });
});

describe('a verifier that is told to stop', () => {
  it('finishes what it is answering and takes nothing new', async () => {
    const { createProber, jobs, answer } = scriptedProber();
    const verifier = await startVerifier({ createProber });
    const asked = askOne(clientOf(verifier), question('http://127.0.0.1/'));
    await eventually('the look', () => jobs.length === 1);
    const stopped = verifier.stop();
    expect(await askOne(clientOf(verifier), question('http://127.0.0.1/'))).toMatchObject({ reason: 'unreachable' });
    answer(0, 'Seems Down');
    expect(await asked).toMatchObject({ kind: 'answer', says: 'down' });
    await stopped;
  });
});
