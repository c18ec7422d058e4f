import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createTestCertificates } from '../../test/kit/certificates.ts';
import { temporaryFolder } from '../../test/kit/store.ts';
import { loadConfig } from './config.ts';
import { verifierSettings } from './verifier-settings.ts';

const LONG = 'a-token-that-nobody-guesses';

function settingsOf(env: Record<string, string>, port: number | null = null) {
  return verifierSettings(loadConfig(env).config, env, port);
}

function fileWith(name: string, text: string): string {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('what a verifier runs on', () => {
  it('is the default but for the token', () => {
    expect(settingsOf({ VERIFIER_AUTH_TOKEN: LONG })).toMatchObject({
      authTokens: [LONG],
      port: 7_803,
      bind: null,
      tls: null,
      name: expect.stringMatching(/./),
      notices: [expect.stringContaining('plaintext')],
    });
  });

  it('may have several tokens while one is being changed', () => {
    expect(settingsOf({ VERIFIER_AUTH_TOKEN: `${LONG}, short` })).toMatchObject({
      authTokens: [LONG, 'short'],
      notices: [expect.stringContaining('16 characters'), expect.stringContaining('plaintext')],
    });
  });

  it('is taken from the variables of the verifier before it, and the port that is asked for wins', () => {
    const env = { VERIFLIER_AUTH_TOKEN: LONG, VERIFLIER_GRPC_PORT: '7901' };
    expect(settingsOf(env).port).toBe(7_901);
    expect(settingsOf({ ...env, VERIFLIER_PORT: '7902' }).port).toBe(7_902);
    expect(settingsOf({ ...env, VERIFLIER_PORT: '7902', VERIFIER_PORT: '7903' }).port).toBe(7_903);
    expect(settingsOf({ ...env, VERIFIER_PORT: '7903' }, 0).port).toBe(0);
  });

  it('is taken from the file of the verifier before it where nothing else says it', () => {
    const file = fileWith('veriflier.json', JSON.stringify({ auth_token: 'of,the,file', grpc_port: '7904', other: 1 }));
    const env = { VERIFLIER_CONFIG: file };
    expect(settingsOf(env)).toMatchObject({ authTokens: ['of,the,file'], port: 7_904 });
    expect(settingsOf({ ...env, VERIFIER_PORT: '7905', VERIFIER_AUTH_TOKEN: LONG })).toMatchObject({
      authTokens: [LONG],
      port: 7_905,
    });
    const both = fileWith('veriflier.json', JSON.stringify({ auth_token: LONG, port: 7_906, grpc_port: 7_907 }));
    expect(settingsOf({ VERIFLIER_CONFIG: both }).port).toBe(7_906);
  });

  const TOKEN_ALONE = JSON.stringify({ auth_token: LONG });
  it.each([
    ['no token', {}, 'VERIFIER_AUTH_TOKEN: there is no token'],
    ['an empty token', { VERIFIER_AUTH_TOKEN: ' , ' }, 'VERIFIER_AUTH_TOKEN: there is no token'],
    ['a token that no header carries', { VERIFIER_AUTH_TOKEN: 'naïve' }, 'a character that no header can carry'],
    ['a file without a port', { VERIFLIER_CONFIG: TOKEN_ALONE }, 'names no port'],
    ['a file that is not there', { VERIFLIER_CONFIG: null }, 'cannot be read (ENOENT)'],
    ['a file that is no JSON', { VERIFLIER_CONFIG: 'port=1' }, 'does not hold one JSON object'],
    ['a port that is none', { VERIFLIER_CONFIG: '{"port":70000}' }, 'port is not a number'],
    [
      'a key without its certificate',
      { VERIFIER_AUTH_TOKEN: LONG, VERIFIER_TLS_KEY_FILE: 'x' },
      'CERT_FILE: it is missing',
    ],
    [
      'an authority without TLS',
      { VERIFIER_AUTH_TOKEN: LONG, VERIFIER_CLIENT_CA_FILE: 'x' },
      'CERT_FILE: it is missing',
    ],
  ])('is refused with %s, in words and with the fix', (_, given: Record<string, string | null>, words) => {
    const { VERIFLIER_CONFIG: text, ...env } = given as Record<string, string>;
    if (text === null) env['VERIFLIER_CONFIG'] = join(temporaryFolder(), 'none.json');
    else if (text !== undefined) env['VERIFLIER_CONFIG'] = fileWith('v.json', text);
    expect(() => settingsOf(env)).toThrow(
      expect.objectContaining({
        code: 'invalid_config',
        message: expect.stringContaining(words),
        fix: expect.any(String),
      }),
    );
  });

  it('has a certificate and the key of that certificate, or is refused', async () => {
    const { good, wrongHost, caPem } = await createTestCertificates();
    const env = {
      VERIFIER_AUTH_TOKEN: LONG,
      VERIFIER_TLS_CERT_FILE: fileWith('cert.pem', good.cert),
      VERIFIER_TLS_KEY_FILE: fileWith('key.pem', good.key),
      VERIFIER_CLIENT_CA_FILE: fileWith('ca.pem', caPem),
    };
    expect(settingsOf(env)).toMatchObject({ tls: { keyPem: good.key, clientCaPem: expect.stringContaining('BEGIN') } });
    expect(settingsOf(env).notices).toEqual([]);
    const other = { ...env, VERIFIER_TLS_KEY_FILE: fileWith('key.pem', wrongHost.key) };
    expect(() => settingsOf(other)).toThrow('is not the key of the certificate');
    expect(() => settingsOf({ ...env, VERIFIER_TLS_KEY_FILE: fileWith('key.pem', 'no key') })).toThrow(
      'holds no PEM key',
    );
    expect(() => loadConfig({ BIND_SOURCE: 'localhost' })).toThrow('BIND_SOURCE: "localhost" is not an IP address');
  });
});
