import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../test/kit/certificates.ts';
import { AppError } from '../domain/errors.ts';
import { loadConfig } from './config.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function fileWith(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon-verifiers-'));
  folders.push(folder);
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
}

const SECRET = 'hush-0123456789';
const member = (host: string, change: object = {}) => ({ host, port: 7803, auth_token: SECRET, ...change });
const THREE = ['eu.example', 'us.example', 'ap.example'].map((host) =>
  member(host, { name: host.slice(0, 2), auth_token: `${SECRET}-${host}` }),
);

const load = (values: object, env: Record<string, string> = {}) =>
  loadConfig({ JETMON_CONFIG: fileWith(JSON.stringify(values)), ...env });

function refusal(values: object, env: Record<string, string> = {}): string {
  try {
    load(values, env);
  } catch (error) {
    if (error instanceof AppError) return `${error.message} ${error.fix} ${JSON.stringify(error.details)}`;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('VERIFIERS', () => {
  it('are read whole: the region is the name unless it is said, the quorum more than half of the regions', () => {
    const second = member('eu-2.example', { name: 'eu2', region: 'eu' });
    const { config, notices } = load({ VERIFIERS: [...THREE, second] });
    expect(config.verifiers).toHaveLength(4);
    expect(config.verifiers[0]).toEqual({
      name: 'eu',
      region: 'eu',
      host: 'eu.example',
      port: 7803,
      authToken: `${SECRET}-eu.example`,
      tls: null,
    });
    expect(config.verifiers[3]).toMatchObject({ name: 'eu2', region: 'eu' });
    expect(config.verifierQuorum).toBe(2);
    expect(notices).toEqual([]);
  });

  it('are taken as the older system wrote them: without a name, the port as grpc_port and in quotes', () => {
    const { config } = load({ VERIFIERS: [{ host: 'v.example', grpc_port: '7803', auth_token: SECRET }] });
    expect(config.verifiers[0]).toMatchObject({ name: 'v.example:7803', region: 'v.example:7803', port: 7803 });
  });

  it('may stand in the environment as JSON, and win there', () => {
    const { config } = load({ VERIFIERS: THREE }, { VERIFIERS: JSON.stringify([member('only.example')]) });
    expect(config.verifiers.map(({ host }) => host)).toEqual(['only.example']);
  });

  it('that are wrong are refused by place and cause, and never by a value that could be a secret', () => {
    const cases: [unknown, string][] = [
      [[member('a', { port: 70_000 })], 'VERIFIERS[0].port: 70000 is more than 65535.'],
      [[{ host: 'a', grpc_port: 'high', auth_token: SECRET }], 'VERIFIERS[0].port: "high" is not a number.'],
      [[{ host: 'a', auth_token: SECRET }], 'VERIFIERS[0].port: it is required.'],
      [[member('a'), { port: 1, auth_token: SECRET }], 'VERIFIERS[1].host: it is required.'],
      [[member('http://a')], 'VERIFIERS[0].host: "http://a" is not valid'],
      [[member('a', { auth_token: undefined })], 'VERIFIERS[0].auth_token: it is required.'],
      [[member('a', { auth_token: `${SECRET}\n` })], 'VERIFIERS[0].auth_token: it must be 1 to 512 plain characters'],
      [[member('a', { auth_token: [SECRET] })], 'VERIFIERS[0].auth_token: it must be'],
      [[member('a', { auth_tokn: SECRET })], 'VERIFIERS[0]: unknown member "auth_tokn" (did you mean auth_token?).'],
      [[member('a', { tls: { ca: 'x' } })], 'VERIFIERS[0].tls: unknown member "ca"'],
      [[member('a', { tls: SECRET })], 'VERIFIERS[0].tls: it is not an object.'],
      [[member('a', { name: { SECRET } })], 'VERIFIERS[0].name: it is not a text.'],
      [[SECRET], 'VERIFIERS[0]: it is not an object.'],
      [member('a'), 'VERIFIERS: it is not a JSON list.'],
      [Array.from({ length: 33 }, (_, at) => member(`h${at}`)), 'VERIFIERS: there are more than 32.'],
      [[member('a', { name: 'x' }), member('b', { name: 'x' })], 'VERIFIERS: there is more than one "x".'],
      [[member('a', { name: 'x' }), member('A', { name: 'y' })], 'VERIFIERS: a:7803 stands there more than once'],
      [[member('a', { tls: { cert_file: 'x' } })], 'VERIFIERS[0].tls: cert_file and key_file go together.'],
    ];
    for (const [verifiers, words] of cases) {
      const refused = refusal({ VERIFIERS: verifiers });
      expect(refused).toContain(words);
      expect(refused).not.toContain('hush');
    }
    const cut = JSON.stringify(THREE).slice(0, -2);
    const refused = refusal({}, { VERIFIERS: cut });
    expect(refused).toContain('VERIFIERS: it is not a JSON list.');
    expect(refused).not.toContain('hush');
  });

  it('with TLS are read with their files, each refused by place when it is no use', async () => {
    const authority = await createAuthority('Verifier CA');
    const ca_file = fileWith(authority.caPem);
    const { config } = load({ VERIFIERS: [member('a', { tls: { ca_file, server_name: 'v.internal' } })] });
    expect(config.verifiers[0]?.tls).toEqual({
      caPem: authority.caPem.trim(),
      certPem: null,
      keyPem: null,
      serverName: 'v.internal',
    });
    const [mine, other] = [await authority.issue({ names: ['m'] }), await authority.issue({ names: ['o'] })];
    const [cert_file, key_file] = [fileWith(mine.cert), fileWith(mine.key)];
    const shown = load({ VERIFIERS: [member('a', { tls: { cert_file, key_file } })] }).config.verifiers[0]?.tls;
    expect(shown).toMatchObject({ caPem: null, certPem: mine.cert.trim(), keyPem: mine.key });
    const others = refusal({ VERIFIERS: [member('a', { tls: { cert_file, key_file: fileWith(other.key) } })] });
    expect(others).toContain('is not the key of the certificate');
    const gone = refusal({ VERIFIERS: [member('a', { tls: { ca_file: '/nowhere/ca.pem' } })] });
    expect(gone).toContain('VERIFIERS[0].tls.ca_file: /nowhere/ca.pem cannot be read (ENOENT)');
    const noKey = refusal({ VERIFIERS: [member('a', { tls: { cert_file: ca_file, key_file: ca_file } })] });
    expect(noKey).toContain('VERIFIERS[0].tls.key_file:');
    expect(noKey).toContain('holds no PEM key that can be read');
  });

  it('that are too few are said to be', () => {
    expect(load({}).notices).toEqual([]);
    expect(load({ VERIFIERS: [member('a')] }).notices).toEqual([expect.stringContaining('has one region')]);
    const sameRegion = [member('a', { region: 'eu' }), member('b', { region: 'eu', auth_token: 'another' })];
    expect(load({ VERIFIERS: sameRegion }).notices).toEqual([
      expect.stringContaining('has one region (a:7803 and b:7803 share eu)'),
    ]);
    expect(load({ VERIFIERS: THREE.slice(0, 2) }).notices).toEqual([expect.stringContaining('All 2 regions')]);
  });
});

describe('VERIFIERS that are not apart', () => {
  it('are refused when two are one place, however it is written', () => {
    const twice = [
      ['a', 'A.'],
      ['2001:db8::1', '2001:DB8:0:0::1'],
      ['192.0.2.1', '::ffff:192.0.2.1'],
    ];
    for (const [one = '', other = ''] of twice) {
      const refused = refusal({ VERIFIERS: [member(one, { name: 'x' }), member(other, { name: 'y' })] });
      expect(refused).toContain('stands there more than once; one machine would have more than one say.');
    }
  });

  it('are told of when they share a token, without the token', () => {
    const shared = THREE.map((one, at) => (at === 2 ? one : { ...one, auth_token: SECRET }));
    const { notices } = load({ VERIFIERS: shared });
    expect(notices).toEqual([expect.stringContaining('VERIFIERS: eu and us have the same auth_token')]);
    expect(notices.join(' ')).not.toContain('hush');
    const all = load({ VERIFIERS: THREE.map((one) => ({ ...one, auth_token: SECRET })) }).notices;
    expect(all).toEqual([expect.stringContaining('VERIFIERS: eu, us and ap have the same auth_token')]);
  });

  it('are told of when one machine counts as several regions, and not when it counts as one', () => {
    const [eu, us, ap] = THREE;
    const oneMachine = [eu, { ...us, host: 'EU.example', port: 7804 }, ap];
    expect(load({ VERIFIERS: oneMachine }).notices).toEqual([
      expect.stringContaining('VERIFIERS: eu and us are both on eu.example and count as 2 regions'),
    ]);
    expect(load({ VERIFIERS: [...oneMachine.slice(1), { ...eu, region: 'us' }] }).notices).toEqual([
      expect.stringContaining('All 2 regions of VERIFIERS must agree (us and eu share us)'),
    ]);
  });

  it('are refused where BIND_SOURCE is of another family than their address', () => {
    const verifiers = [member('192.0.2.1'), member('2001:db8::1', { auth_token: 'another' }), member('v.example')];
    expect(refusal({ VERIFIERS: verifiers, BIND_SOURCE: '127.0.0.1' })).toContain(
      'VERIFIERS[1].host: 2001:db8::1 cannot be reached from BIND_SOURCE 127.0.0.1, which is of the other family.',
    );
    expect(refusal({ VERIFIERS: verifiers, BIND_SOURCE: '::1' })).toContain('VERIFIERS[0].host: 192.0.2.1 cannot');
  });

  it('are named where more regions must agree than there are', () => {
    const refused = refusal({ VERIFIERS: THREE.map((one) => ({ ...one, region: 'eu' })), VERIFIER_QUORUM: 2 });
    expect(refused).toContain('2 is more than the 1 region that VERIFIERS has (eu, us and ap share eu).');
  });
});

describe('VERIFIER_QUORUM', () => {
  it('is taken as it is, and refused when there are not so many regions', () => {
    expect(load({ VERIFIERS: THREE, VERIFIER_QUORUM: 3 }).config.verifierQuorum).toBe(3);
    const low = load({ VERIFIERS: THREE }, { VERIFIER_QUORUM: '1' });
    expect(low.config.verifierQuorum).toBe(1);
    expect(low.notices).toEqual([expect.stringContaining('fewer than half can confirm')]);
    const refused = refusal({ VERIFIERS: THREE, VERIFIER_QUORUM: 4 });
    expect(refused).toContain('VERIFIER_QUORUM: 4 is more than the 3 regions that VERIFIERS has.');
  });

  it('may stand under its older name, whose usual value was larger than there are verifiers', () => {
    const { config, notices } = load({ VERIFIERS: THREE.slice(0, 2), PEER_OFFLINE_LIMIT: 3 });
    expect(config.verifierQuorum).toBe(2);
    expect(notices.join(' ')).toContain('PEER_OFFLINE_LIMIT is 3, VERIFIERS has 2 regions: all of them must agree.');
    expect(load({ PEER_OFFLINE_LIMIT: 3 }).config.verifierQuorum).toBe(0);
    expect(load({ VERIFIERS: THREE, PEER_OFFLINE_LIMIT: 9, VERIFIER_QUORUM: 2 }).config.verifierQuorum).toBe(2);
    expect(refusal({ VERIFIERS: THREE, PEER_OFFLINE_LIMIT: 9 }, { VERIFIER_QUORUM: '4' })).toContain('4 is more than');
  });
});
