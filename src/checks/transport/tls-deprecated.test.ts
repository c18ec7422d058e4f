import { once } from 'node:events';
import { createServer, type SecureVersion } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../../test/kit/certificates.ts';
import { reachesEveryFinding } from '../../../test/kit/findings.ts';
import { createTestProbe, type TestProbe, verdictOn } from '../../../test/kit/probe.ts';
import { boundPort } from '../../../test/kit/tcp-server.ts';
import type { ProbePlan } from '../../domain/probe-plan.ts';
import { tlsDeprecated } from './tls-deprecated.ts';

const findings = reachesEveryFinding(tlsDeprecated);
const stops: (() => void)[] = [];
let authority: Authority;
let probe: TestProbe;

beforeAll(async () => {
  authority = await createAuthority('Deprecated CA');
  probe = createTestProbe({ extraCaPem: authority.caPem });
});
afterAll(() => {
  for (const stop of stops) stop();
});

/** A site that speaks one version of TLS alone. */
async function siteSpeaking(version: SecureVersion, names: { addresses: string[] } = { addresses: ['127.0.0.1'] }) {
  const identity = await authority.issue(names);
  const ciphers = 'DEFAULT@SECLEVEL=0';
  const server = createServer({ ...identity, minVersion: version, maxVersion: version, ciphers }, (socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => server.close());
  return `https://127.0.0.1:${boundPort(server)}/`;
}

describe('a server that speaks', () => {
  it.each([
    ['TLSv1', 'tls_deprecated'],
    ['TLSv1.1', 'tls_deprecated'],
    ['TLSv1.2', 'ok'],
    ['TLSv1.3', 'ok'],
  ] as const)('%s is %s, and up all the same', async (version, reason) => {
    const observation = await probe(await siteSpeaking(version));
    const verdict = findings.in(observation);
    expect(verdict.reason).toBe(reason);
    expect(verdictOn(observation, 'http').state).toBe('Up');
    expect(observation.evidence?.error_code).toBe(reason === 'ok' ? 0 : 7);
    if (reason !== 'ok') expect(verdict.summary).toContain(`${version},`);
  });
});

describe('an old version', () => {
  it('excuses no certificate', async () => {
    const observation = await probe(await siteSpeaking('TLSv1.1', { addresses: ['192.0.2.1'] }));
    expect(verdictOn(observation, 'http').reason).toBe('tls_wrong_host');
    expect(observation.verdicts.map(({ check }) => check)).not.toContain(tlsDeprecated.type);
  });

  it('is not minded by a look at the status alone', async () => {
    const plan: Partial<ProbePlan> = { profile: 'simple_http' };
    const { verdicts } = await probe(await siteSpeaking('TLSv1.1'), 10_000, plan);
    expect(verdicts.map(({ check }) => check)).not.toContain(tlsDeprecated.type);
  });
});
