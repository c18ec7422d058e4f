/** From which family of addresses a verifier is asked. What names resolve to is the test's; the sockets are real. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { askOne, question, scriptedProber, startVerifier, TOKEN } from '../../test/kit/verifier.ts';
import { systemClock } from '../lib/clock.ts';
import type { VerifierClientDeps } from './client.ts';
import { createVerifierClient } from './create-client.ts';

async function verifierOnIpv4() {
  const { createProber } = scriptedProber();
  return startVerifier({ createProber });
}

function clientFrom(bindSource: string | null, to: { host: string; port: number }, addresses: readonly string[]) {
  const asked: string[] = [];
  const lookup: VerifierClientDeps['lookup'] = async (name) => {
    asked.push(name);
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  };
  const entry = { name: 'one', region: 'here', authToken: TOKEN, tls: null, ...to };
  const client = createVerifierClient(entry, { clock: systemClock, bindSource, lookup });
  onTestFinished(() => client.close());
  return { client, asked };
}

const NEVER = new AbortController().signal;
const OK = { ok: true, version: '9.9.9' };

describe('a verifier that has addresses of both families', () => {
  it('is reached by the one that BIND_SOURCE is of, whatever comes first', async () => {
    const { port } = await verifierOnIpv4();
    const both = ['::1', '127.0.0.1'];
    for (const bindSource of ['127.0.0.2', null]) {
      const { client, asked } = clientFrom(bindSource, { host: 'v.example', port }, both);
      expect(await client.status(NEVER)).toEqual(OK);
      expect(asked).toEqual(['v.example']);
    }
  });
});

describe('a verifier that has none of the family of BIND_SOURCE', () => {
  it('fails in words that name BIND_SOURCE, whether it is a name or an address', async () => {
    const { port } = await verifierOnIpv4();
    const cases = [
      ['127.0.0.2', 'v.example', ['::1'], 'v.example has no IPv4 address'],
      ['::1', 'v.example', ['127.0.0.1'], 'v.example has no IPv6 address'],
      ['127.0.0.2', '::1', [], '::1 has no IPv4 address'],
    ] as const;
    for (const [bindSource, host, addresses, words] of cases) {
      const { client } = clientFrom(bindSource, { host, port }, addresses);
      expect(await askOne(client, question('http://127.0.0.1/'))).toMatchObject({
        kind: 'failed',
        reason: 'unreachable',
        detail: `${words}, and BIND_SOURCE is ${bindSource}`,
      });
    }
  });
});

describe('an address of ours that is not there', () => {
  it('is named as BIND_SOURCE', async () => {
    const { port } = await verifierOnIpv4();
    const { client } = clientFrom('192.0.2.7', { host: '127.0.0.1', port }, []);
    expect(await askOne(client, question('http://127.0.0.1/'))).toMatchObject({
      reason: 'unreachable',
      detail: 'EADDRNOTAVAIL, and BIND_SOURCE is 192.0.2.7',
    });
  });
});
