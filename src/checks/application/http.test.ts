import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createTestCertificates, type TestCertificates } from '../../../test/kit/certificates.ts';
import { type DnsServer, startDnsServer } from '../../../test/kit/dns-server.ts';
import { reachesEveryFinding } from '../../../test/kit/findings.ts';
import { type FullBacklog, startFullBacklog } from '../../../test/kit/full-backlog.ts';
import { createTestProbe, type TestProbe } from '../../../test/kit/probe.ts';
import { type Behaviour, type Site, startSite } from '../../../test/kit/site.ts';
import { closedPort, startTcpServer } from '../../../test/kit/tcp-server.ts';
import { visitOf } from '../../../test/kit/visit.ts';
import { renderObservation } from '../../cli/check-report.ts';
import type { ProbePlan } from '../../domain/probe-plan.ts';
import type { WireFailure } from '../../wire/exchange.ts';
import { HTTP_FINDINGS, type HttpReason } from './http.findings.ts';
import { http } from './http.ts';

const findings = reachesEveryFinding(http, { prober_failed: 'src/prober/pool.test.ts' });
let certificates: TestCertificates;
let dns: DnsServer;
let probe: TestProbe;
let dropping: FullBacklog;
const sites: Site[] = [];

beforeAll(async () => {
  certificates = await createTestCertificates();
  dns = await startDnsServer();
  dropping = await startFullBacklog();
  probe = createTestProbe({ dnsResolvers: [dns.address], extraCaPem: certificates.caPem });
});

afterAll(async () => {
  for (const site of sites) await site.stop();
  await dns.stop();
  await dropping.stop();
});

async function site(
  behaviour: Behaviour,
  identity?: keyof Omit<TestCertificates, 'authority' | 'caPem'>,
): Promise<Site> {
  const started = await startSite(
    identity === undefined ? { behaviour } : { behaviour, identity: certificates[identity] },
  );
  sites.push(started);
  return started;
}

async function reasonFor(url: string, timeoutMs?: number, plan: Partial<ProbePlan> = {}): Promise<HttpReason> {
  const verdict = findings.in(await probe(url, timeoutMs, plan));
  expect(verdict.summary).not.toMatch(/[{}?]/);
  return verdict.reason;
}

const HTTP_CASES: [HttpReason, Behaviour, timeoutMs?: number][] = [
  ['ok', { kind: 'up' }],
  ['ok', { kind: 'status', code: 204 }],
  ['ok', { kind: 'chunked', chunks: ['one', 'two'] }],
  ['ok', { kind: 'redirect_chain', hops: 10 }],
  ['http_server_error', { kind: 'status', code: 500 }],
  ['http_server_error', { kind: 'status', code: 599 }],
  ['http_client_error', { kind: 'status', code: 404 }],
  ['http_forbidden', { kind: 'status', code: 403 }],
  ['http_forbidden', { kind: 'status', code: 401 }],
  ['http_rate_limited', { kind: 'status', code: 429 }],
  ['http_timeout', { kind: 'hang', at: 'request' }, 400],
  ['http_no_reply', { kind: 'reset', at: 'request' }],
  ['http_malformed', { kind: 'garbage' }],
  ['http_malformed', { kind: 'big_headers', fields: 500, valueLength: 500 }],
  ['redirect_loop', { kind: 'redirect_loop' }],
  ['redirect_too_many', { kind: 'redirect_chain', hops: 11 }],
  ['redirect_bad_location', { kind: 'redirect_to', location: 'javascript:alert(1)' }],
  ['redirect_bad_location', { kind: 'redirect_to', location: 'file:///etc/passwd' }],
  ['body_truncated', { kind: 'truncated', framing: 'length' }],
  ['body_truncated', { kind: 'reset', at: 'body' }],
  ['body_timeout', { kind: 'slow_body', bytes: 1_000, everyMs: 100, finite: true }, 600],
  ['body_malformed', { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' }],
];

describe('over plain HTTP the check finds', () => {
  it.each(HTTP_CASES)('%s with %j', async (reason, behaviour, timeoutMs) => {
    const target = await site(behaviour);
    expect(await reasonFor(target.url, timeoutMs)).toBe(reason);
  });

  it('tcp_refused on a closed port', async () => {
    expect(await reasonFor(`http://127.0.0.1:${await closedPort()}/`)).toBe('tcp_refused');
  });

  it('tcp_timeout on a port that answers no SYN', async () => {
    expect(await reasonFor(`http://127.0.0.1:${dropping.port}/`, 500)).toBe('tcp_timeout');
  });
});

const PAGE = (text: string): Behaviour => ({ kind: 'chunked', chunks: [text.slice(0, 9), text.slice(9)] });
const RULED_CASES: [HttpReason, Behaviour, Partial<ProbePlan>][] = [
  ['ok', PAGE('<h1>Welcome back</h1>'), { keyword: 'Welcome' }],
  ['keyword_missing', PAGE('<h1>It works!</h1>'), { keyword: 'Welcome' }],
  [
    'keyword_forbidden',
    PAGE('<h1>Welcome, hacked</h1>'),
    { keyword: 'Welcome', forbiddenKeywords: ['Error', 'hacked'] },
  ],
  ['keyword_not_reached', PAGE('x'.repeat(1_100_000)), { keyword: 'Welcome' }],
  [
    'keyword_unreadable',
    { kind: 'raw', bytes: 'HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc' },
    { keyword: 'Welcome' },
  ],
  ['unexpected_status', { kind: 'up' }, { expectedStatus: [[401, 401]] }],
  [
    'ok',
    { kind: 'status', code: 401 },
    {
      expectedStatus: [
        [200, 299],
        [401, 401],
      ],
    },
  ],
  ['http_server_error', { kind: 'status', code: 503 }, { expectedStatus: [[200, 299]] }],
  ['ok', { kind: 'redirect_loop' }, { expectedStatus: [[302, 302]] }],
  ['redirect_forbidden', { kind: 'redirect_chain', hops: 1 }, { redirects: 'fail' }],
  ['redirect_no_location', { kind: 'raw', bytes: 'HTTP/1.1 301 Moved\r\nContent-Length: 0\r\n\r\n' }, {}],
];

describe('under a plan of its own the check finds', () => {
  it.each(RULED_CASES)('%s with %j and %j', async (reason, behaviour, plan) => {
    const target = await site(behaviour);
    expect(await reasonFor(target.url, 10_000, plan)).toBe(reason);
  });

  it('keyword_timeout where the search has a budget of its own', async () => {
    const target = await site({ kind: 'slow_body', bytes: 1_000, everyMs: 100, finite: true });
    const hasty = createTestProbe({ budgets: { keywordMaxMs: 300 } });
    expect(findings.in(await hasty(target.url, 10_000, { keyword: 'Welcome' })).reason).toBe('keyword_timeout');
  });
});

describe('a server that shows us our own secrets', () => {
  it('does not get them into anything that is kept, shown or told', async () => {
    const headers = [['Authorization', 'Bearer c4nary/token']] as const;
    const echo =
      'HTTP/1.1 500 Oops\r\nX-Echo: c4nary/token\r\nSet-Cookie: sid=c4nary2; Path=/\r\n\r\nBearer c4nary/token';
    const away = 'HTTP/1.1 302 Found\r\nLocation: /?t=c4nary%2Ftoken\r\n\r\n';
    for (const bytes of [echo, away]) {
      const target = await site({ kind: 'raw', bytes });
      const observation = await probe(target.url, 10_000, { headers });
      expect(JSON.stringify(observation)).not.toMatch(/c4nary/);
      expect(renderObservation(target.url, observation)).not.toMatch(/c4nary/);
    }
  });
});

describe('over HTTPS the check finds', () => {
  it.each([
    ['ok', 'good'],
    ['tls_expired', 'expired'],
    ['tls_not_yet_valid', 'notYetValid'],
    ['tls_wrong_host', 'wrongHost'],
    ['tls_self_signed', 'selfSigned'],
    ['tls_untrusted', 'untrusted'],
  ] as const)('%s with a certificate that is %s, and keeps the certificate as evidence', async (reason, identity) => {
    const target = await site({ kind: 'up' }, identity);
    expect(await reasonFor(target.url)).toBe(reason);
    const { evidence } = await probe(target.url);
    const tls = evidence?.hops[0]?.tls;
    expect(tls?.certificates[0]?.fingerprint_sha256).toMatch(/^[0-9A-F:]{95}$/i);
    expect(tls?.verify_error === null).toBe(reason === 'ok');
    expect(target.requests()).toBe(reason === 'ok' ? 2 : 0);
  });

  it('tls_not_spoken where plain HTTP answers', async () => {
    const target = await site({ kind: 'up' });
    expect(await reasonFor(target.url.replace('http:', 'https:'))).toBe('tls_not_spoken');
  });

  it('tls_failed where the server answers the handshake with an alert', async () => {
    const handshakeFailure = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28]);
    const server = await startTcpServer((socket) => {
      socket.once('data', () => socket.end(handshakeFailure));
    });
    onTestFinished(() => server.stop());
    expect(await reasonFor(`https://127.0.0.1:${server.port}/`)).toBe('tls_failed');
  });

  it('tls_timeout where nobody answers the handshake', async () => {
    const target = await site({ kind: 'hang', at: 'connect' }, 'good');
    expect(await reasonFor(target.url, 400)).toBe('tls_timeout');
  });
});

describe('from the resolver the check finds', () => {
  it.each([
    ['dns_nxdomain', 'NXDOMAIN', 10_000],
    ['dns_no_address', [], 10_000],
    ['dns_servfail', 'SERVFAIL', 10_000],
    ['dns_refused', 'REFUSED', 10_000],
    ['dns_timeout', 'SILENT', 500],
    ['dns_failed', 'GARBAGE', 10_000],
  ] as const)('%s when it says %j', async (reason, script, timeoutMs) => {
    const name = `${reason.replaceAll('_', '-')}.example`;
    dns.answer(name, script);
    const found = await reasonFor(`http://${name}/`, timeoutMs);
    // A reply that cannot be read is dropped by some resolver libraries, which then time out: both are ours.
    if (script === 'GARBAGE') expect(['dns_failed', 'dns_timeout']).toContain(found);
    else expect(found).toBe(reason);
  });
});

describe('a resolver that does not find out about a name', () => {
  it.each([
    ['dns_servfail', 'SERVFAIL', 10_000],
    ['dns_timeout', 'SILENT', 500],
  ] as const)(
    'leaves it to others (%s) only when it had an answer about another name',
    async (reason, script, timeoutMs) => {
      const own = await startDnsServer();
      onTestFinished(() => own.stop());
      const look = createTestProbe({ dnsResolvers: [own.address] });
      own.answer('broken.example', script);
      const found = async (name: string, ms = timeoutMs) => (await look(`http://${name}/`, ms)).verdicts[0];
      // Of a resolver without an uplink nothing else is heard either.
      expect(await found('broken.example')).toMatchObject({ reason, state: 'Unknown' });
      expect((await found('broken.example'))?.othersCanTell).toBeUndefined();
      expect(await found('missing.example', 10_000)).toMatchObject({ reason: 'dns_nxdomain' });
      expect(await found('broken.example')).toMatchObject({ reason, state: 'Unknown', othersCanTell: 'name' });
    },
  );

  it('because it may not, leaves nothing to others', async () => {
    const resolver = { name: '192.0.2.53:53', source: 'system', answersOthers: true } as const;
    const refused = visitThatFailed({ phase: 'dns', code: 'REFUSED', detail: '', resolver });
    expect(http.judge(refused, 0)?.othersCanTell).toBeUndefined();
    const stalled = { ...visitThatFailed({ phase: 'dns', code: 'TIMEOUT', detail: '', resolver }), totalMs: 2_000 };
    expect(http.judge({ ...stalled, pausedMs: 1_500 }, 0)?.othersCanTell).toBeUndefined();
  });
});

describe('redirects', () => {
  it('are each checked by the guard again: one into a closed range is refused and is no downtime', async () => {
    const target = await site({ kind: 'redirect_to', location: 'http://169.254.169.254/latest/meta-data/' });
    const verdict = findings.in(await probe(target.url));
    expect(verdict).toMatchObject({ reason: 'egress_forbidden', state: 'Unknown', followUp: 'interval' });
    expect(verdict.summary).toContain('metadata service');
  });

  it('into a port of another protocol are refused, and could be allowed', async () => {
    const target = await site({ kind: 'redirect_to', location: 'http://127.0.0.1:25/' });
    expect(await reasonFor(target.url)).toBe('egress_port_refused');
  });

  it('are no way to a private address, and neither is the first URL', async () => {
    const target = await site({ kind: 'up' });
    const strict = createTestProbe({ egress: { allowPrivate: false } });
    expect(findings.in(await strict(target.url))).toMatchObject({ reason: 'egress_refused', state: 'Unknown' });
    expect(target.connections()).toBe(0);
  });

  it('leave a hop each in the evidence', async () => {
    const target = await site({ kind: 'redirect_chain', hops: 3 });
    const { evidence } = await probe(target.url);
    expect(evidence?.hops.map((hop) => hop.http_code)).toEqual([302, 302, 302, 200]);
  });
});

/** Trouble that cannot be made on loopback without breaking the machine: handed in as the wire reports it. */
describe('errors that speak of this machine', () => {
  it.each<[HttpReason, WireFailure]>([
    ['monitor_network', { phase: 'tcp', code: 'ENETUNREACH', detail: '' }],
    ['monitor_network', { phase: 'tcp', code: 'EADDRNOTAVAIL', detail: '' }],
    ['monitor_network', { phase: 'tcp', code: 'EAFNOSUPPORT', detail: '' }],
    ['monitor_network', { phase: 'tcp', code: 'EPROTONOSUPPORT', detail: '' }],
    ['monitor_resources', { phase: 'tcp', code: 'EMFILE', detail: '' }],
    ['monitor_busy', { phase: 'guard', code: 'TARGET_BUSY', detail: '' }],
    ['dns_no_resolver', { phase: 'dns', code: 'NO_RESOLVER', detail: '', resolver: null }],
    ['dns_failed', { phase: 'dns', code: 'LOCAL_FAILURE', detail: '', resolver: null }],
  ])('are %s and never downtime: %j', (reason, failure) => {
    const judged = http.judge(visitThatFailed(failure), 0);
    expect(judged?.reason).toBe(reason);
    expect(HTTP_FINDINGS[reason].state).toBe('Unknown');
    findings.note(reason);
  });

  it.each<[HttpReason, string]>([
    ['tcp_reset', 'ECONNRESET'],
    ['tcp_unreachable', 'EHOSTUNREACH'],
    ['tcp_failed', 'EPROTO'],
  ])('are told from %s, which speaks of the site (%s)', (reason, code) => {
    expect(http.judge(visitThatFailed({ phase: 'tcp', code, detail: '' }), 0)?.reason).toBe(reason);
    expect(HTTP_FINDINGS[reason].state).toBe('Seems Down');
    findings.note(reason);
  });

  it.each(['ERROR_IN_CERT_NOT_AFTER_FIELD', 'PATH_LENGTH_EXCEEDED', 'UNSPECIFIED'])(
    'a certificate with %s is not trusted',
    (code) => {
      const leaf = new X509Certificate(certificates.good.cert);
      const certificate = { leaf, verifyError: code, notBeforeMs: 0, notAfterMs: Number.NaN, issuers: [] };
      const tls = { version: 'TLSv1.3', cipher: 'any', alpn: null, ocspStaple: null, certificate };
      const failure = { phase: 'tls' as const, code, detail: '' };
      expect(http.judge(visitOf({ url: 'https://site.example/', tls, failure }), 0)?.reason).toBe('tls_untrusted');
    },
  );

  it('a host that is called like an error changes nothing', async () => {
    dns.answer('certificate-tls-redirect.example', 'NXDOMAIN');
    expect(await reasonFor('http://certificate-tls-redirect.example/')).toBe('dns_nxdomain');
  });
});

describe('a pause of this machine during the visit', () => {
  const TIMEOUTS: WireFailure[] = [
    { phase: 'dns', code: 'TIMEOUT', detail: '', resolver: null },
    ...(['tcp', 'tls', 'http', 'body'] as const).map((phase) => ({ phase, code: 'DEADLINE', detail: '' })),
  ];

  it.each(TIMEOUTS)('makes a time-out Unknown ($phase)', (failure) => {
    const paused = { ...visitThatFailed(failure), totalMs: 2_000, pausedMs: 1_500 };
    const judged = http.judge(paused, 0);
    expect(judged).toMatchObject({ reason: 'monitor_stalled', details: { ms: 1_500, code: failure.code } });
    expect(HTTP_FINDINGS.monitor_stalled.state).toBe('Unknown');
    findings.note('monitor_stalled');
  });

  it('is not told as time of the site: a time-out is as long as it was set', () => {
    const failure = { phase: 'http' as const, code: 'DEADLINE', detail: '' };
    const moved = { ...visitThatFailed(failure), totalMs: 11_301, pausedMs: 300, givenBackMs: 1_300 };
    expect(http.judge(moved, 0)).toMatchObject({ reason: 'http_timeout', details: { seconds: 10 } });
    const late = { phase: 'tcp' as const, code: 'ETIMEDOUT', detail: '' };
    const untouched = { ...visitThatFailed(late), totalMs: 5_300, pausedMs: 300, givenBackMs: 1_300 };
    expect(http.judge(untouched, 0)).toMatchObject({ reason: 'tcp_timeout', details: { seconds: 5 } });
  });

  it.each<[HttpReason, WireFailure]>([
    ['tcp_refused', { phase: 'tcp', code: 'ECONNREFUSED', detail: '' }],
    ['tcp_reset', { phase: 'tcp', code: 'ECONNRESET', detail: '' }],
    ['tls_expired', { phase: 'tls', code: 'CERT_HAS_EXPIRED', detail: '' }],
    ['body_truncated', { phase: 'body', code: 'TRUNCATED', detail: '' }],
    ['dns_nxdomain', { phase: 'dns', code: 'NXDOMAIN', detail: '', resolver: null }],
  ])('leaves %s standing', (reason, failure) => {
    expect(http.judge({ ...visitThatFailed(failure), totalMs: 2_000, pausedMs: 1_500 }, 0)?.reason).toBe(reason);
  });
});

const visitThatFailed = (failure: WireFailure) => visitOf({ url: 'http://site.example/', failure });
