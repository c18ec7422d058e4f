import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createAuthority } from '../../test/kit/certificates.ts';
import { AppError } from '../domain/errors.ts';
import { loadConfig } from './config.ts';
import { CONFIG_SHAPE, NO_EFFECT_KEYS, RENAMED_KEYS } from './config-keys.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function fileWith(content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon-config-'));
  folders.push(folder);
  const path = join(folder, 'config.json');
  writeFileSync(path, content);
  return path;
}

function refusal(env: Record<string, string>): AppError {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('with nothing configured', () => {
  it('everything has a default, and all there is to say is that nobody confirms an outage', () => {
    const { config, notices, file } = loadConfig({});
    expect(config).toMatchObject({ HTTP_PORT: 8080, HTTP_BIND: '127.0.0.1', NUM_OF_CHECKS: 3, EGRESS_ALLOW: [] });
    expect(config.DATABASE_URL).toBe('sqlite:data/jetmon.db');
    expect(notices).toEqual([]);
    expect(file).toBeNull();
  });
});

describe('the file', () => {
  it('is read, and the environment wins over it', () => {
    const path = fileWith('{"HTTP_PORT": 9000, "NUM_OF_CHECKS": 5, "EGRESS_ALLOW": ["10.0.0.0/8"]}');
    const { config } = loadConfig({ JETMON_CONFIG: path, HTTP_PORT: '9001' });
    expect(config).toMatchObject({ HTTP_PORT: 9001, NUM_OF_CHECKS: 5, EGRESS_ALLOW: ['10.0.0.0/8'] });
  });

  it('that is named and missing is refused by name', () => {
    expect(refusal({ JETMON_CONFIG: '/nowhere/config.json' }).message).toContain('/nowhere/config.json');
  });

  it('that is not JSON, or not an object, is refused', () => {
    expect(refusal({ JETMON_CONFIG: fileWith('{"HTTP_PORT": ') }).message).toContain('not JSON');
    expect(refusal({ JETMON_CONFIG: fileWith('[1]') }).message).toContain('one JSON object');
  });

  it('with an unknown key is refused with the nearest name', () => {
    const error = refusal({ JETMON_CONFIG: fileWith('{"HTPP_PORT": 1}') });
    expect(error.code).toBe('invalid_config');
    expect(error.message).toContain('unknown key "HTPP_PORT". Did you mean HTTP_PORT?');
  });

  it('names every problem at once', () => {
    const error = refusal({
      JETMON_CONFIG: fileWith('{"HTTP_PORT": 70000, "NUM_OF_CHECKS": "three", "NONSENSE_KEY_XYZ": 1}'),
    });
    for (const name of ['HTTP_PORT', 'NUM_OF_CHECKS', 'NONSENSE_KEY_XYZ']) expect(error.message).toContain(name);
  });

  it('of the older system is taken as it is: every key of it is known', () => {
    const older = Object.fromEntries(NO_EFFECT_KEYS.map((key) => [key, 1]));
    const { notices } = loadConfig({ JETMON_CONFIG: fileWith(JSON.stringify(older)) });
    expect(notices).toHaveLength(NO_EFFECT_KEYS.length);
    expect(notices[0]).toContain('has no effect here');
  });

  it('of the older system keeps its words for probing: how many workers, which default, which budget', () => {
    const older =
      '{"NUM_WORKERS": 60, "DEFAULT_CHECK_METHOD": "HEAD", "BODY_READ_MAX_MS": 0, "KEYWORD_READ_MAX_MS": 500}';
    const { config, notices } = loadConfig({ JETMON_CONFIG: fileWith(older) });
    expect(config).toMatchObject({ NUM_WORKERS: 60, DEFAULT_CHECK_METHOD: 'HEAD', KEYWORD_READ_MAX_MS: 500 });
    expect(notices).toEqual([]);
  });

  it('may use an older name, with a notice; the new name wins', () => {
    const path = fileWith('{"DB_UPDATES_ENABLE": false, "DASHBOARD_PORT": 7000, "HTTP_PORT": 7001}');
    const { config, notices } = loadConfig({ JETMON_CONFIG: path });
    expect(config).toMatchObject({ LEGACY_STATUS_PROJECTION_ENABLE: false, HTTP_PORT: 7001 });
    expect(notices).toHaveLength(2);
  });

  it('with API_PORT 0 does not move the port: there it meant "no API"', () => {
    expect(loadConfig({ JETMON_CONFIG: fileWith('{"API_PORT": 0}') }).config.HTTP_PORT).toBe(8080);
  });
});

describe('the environment', () => {
  it('sets every key, each read as the key says', () => {
    const { config } = loadConfig({
      HTTP_PORT: '0',
      LEGACY_STATUS_PROJECTION_ENABLE: 'false',
      EGRESS_ALLOW: '127.0.0.0/8, intranet.example',
      CHECK_DNS_RESOLVERS: '192.0.2.53,[2001:db8::53]:5353',
      LOG_FORMAT: 'json',
    });
    expect(config).toMatchObject({
      HTTP_PORT: 0,
      LEGACY_STATUS_PROJECTION_ENABLE: false,
      EGRESS_ALLOW: ['127.0.0.0/8', 'intranet.example'],
      CHECK_DNS_RESOLVERS: ['192.0.2.53', '[2001:db8::53]:5353'],
      LOG_FORMAT: 'json',
    });
  });

  it('with a value that does not fit is refused by key', () => {
    for (const [key, value] of Object.entries({
      HTTP_PORT: 'eighty',
      NUM_OF_CHECKS: '0',
      LOG_FORMAT: 'xml',
      LEGACY_STATUS_PROJECTION_ENABLE: 'maybe',
      EGRESS_ALLOW: '0.0.0.0/0',
      CHECK_DNS_RESOLVERS: 'dns.example',
      DEFAULT_CHECK_METHOD: 'get',
      DEFAULT_DETECTION_PROFILE: 'deep',
      BODY_READ_MAX_BYTES: '-1',
      BODY_READ_MAX_MS: '255001',
      KEYWORD_READ_MAX_BYTES: '16777217',
      KEYWORD_READ_MAX_MS: '0.5',
      NUM_WORKERS: '-1',
    })) {
      expect(refusal({ [key]: value }).message).toContain(key);
    }
  });

  it('with a misspelt name of ours is refused with the nearest one', () => {
    expect(refusal({ JETMON_DATADIR: '/srv/jetmon' }).message).toContain('Did you mean JETMON_DATA_DIR?');
  });

  it('says what stands there and what may', () => {
    expect(refusal({ HTTP_PORT: 'eighty' }).message).toContain('HTTP_PORT: "eighty" is not a number.');
    expect(refusal({ HTTP_PORT: '70000' }).message).toContain('HTTP_PORT: 70000 is more than 65535.');
    expect(refusal({ NUM_OF_CHECKS: '0' }).message).toContain('NUM_OF_CHECKS: 0 is less than 1.');
    expect(refusal({ LOG_FORMAT: 'xml' }).message).toContain('LOG_FORMAT: "xml" is not one of text, json.');
  });

  it('holds much that is not ours, and that is left alone', () => {
    expect(loadConfig({ PATH: '/bin', DEBUG: 'app:*', HTPP_PORT: '1' }).notices).toEqual([]);
  });

  it('builds the database URL from its parts when it is absent, and never when it is given', () => {
    const parts = { DB_HOST: 'db.internal', DB_USER: 'mon', DB_PASSWORD: 'p@ss/word' };
    expect(loadConfig(parts).config.DATABASE_URL).toBe('mysql://mon:p%40ss%2Fword@db.internal:3306/jetmon_db');
    expect(loadConfig({ ...parts, DATABASE_URL: 'sqlite:x.db' }).config.DATABASE_URL).toBe('sqlite:x.db');
  });
});

describe('CHECK_CA_FILE', () => {
  it('is read', async () => {
    const { caPem } = await createAuthority('Config CA');
    const { extraCaPem } = loadConfig({ CHECK_CA_FILE: fileWith(`# our own\n${caPem}`) }).config;
    expect(extraCaPem?.trim()).toBe(caPem.trim());
  });

  it('is refused when it is missing, holds no certificate, or one that cannot be read', () => {
    expect(refusal({ CHECK_CA_FILE: '/nowhere/ca.pem' }).message).toContain('/nowhere/ca.pem');
    expect(refusal({ CHECK_CA_FILE: fileWith('hello') }).message).toContain('no PEM certificate');
    const broken = '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n';
    expect(refusal({ CHECK_CA_FILE: fileWith(broken) }).message).toContain('certificate 1 cannot be read');
  });
});

describe('the lists of keys', () => {
  it('do not overlap', () => {
    const all = [...Object.keys(CONFIG_SHAPE), ...Object.keys(RENAMED_KEYS), ...NO_EFFECT_KEYS];
    expect(new Set(all).size).toBe(all.length);
  });
});

describe('the reference targets', () => {
  it('are two to eight URLs on different hosts, or none', () => {
    expect(loadConfig({}).config.REFERENCE_TARGETS).toEqual([]);
    const targets = 'https://one.example/,http://two.example:8080/health';
    expect(loadConfig({ REFERENCE_TARGETS: targets }).config.REFERENCE_TARGETS).toEqual(targets.split(','));
  });

  it.each([
    ['https://one.example/', 'at least two hosts'],
    ['https://one.example/a,https://one.example/b', 'at least two hosts'],
    ['https://one.example/,ftp://two.example/', 'uses the scheme ftp:'],
    ['https://one.example/,two.example', '"two.example" is not an absolute URL'],
    ['https://one.example/,https://user:secret@two.example/', 'carries a user name or password'],
    [Array.from({ length: 9 }, (_, nth) => `https://host${nth}.example/`).join(','), 'REFERENCE_TARGETS'],
  ])('cannot be %s', (targets, cause) => {
    const { message } = refusal({ REFERENCE_TARGETS: targets });
    expect(message).toContain('REFERENCE_TARGETS: ');
    expect(message).toContain(cause);
    expect(message).not.toContain('secret');
  });
});

describe('a value that could hold a secret', () => {
  it.each([
    [{ VERIFIER_AUTH_TOKEN: ['hush-token'] }, 'VERIFIER_AUTH_TOKEN: it is not a text.'],
    [{ VERIFIER_AUTH_TOKEN: 5_550_123 }, 'VERIFIER_AUTH_TOKEN: it is not a text.'],
    [{ DATABASE_URL: ['mysql://monitor:hush@db/jetmon'] }, 'DATABASE_URL: it is not a text.'],
    [{ VERIFIER_NAME: { auth_token: 'hush' } }, 'VERIFIER_NAME: it is not a text.'],
    [{ HTTP_PORT: ['hush'] }, 'HTTP_PORT: it is not a number.'],
    [{ REFERENCE_TARGETS: 'https://user:hush@one.example/' }, 'REFERENCE_TARGETS: it is not a list.'],
    [{ REFERENCE_TARGETS: [{ url: 'hush' }] }, 'REFERENCE_TARGETS: it is not a text.'],
  ])('is not shown when it is wrong (case %#)', (values, words) => {
    const { message, fix, details } = refusal({ JETMON_CONFIG: fileWith(JSON.stringify(values)) });
    expect(message).toContain(words);
    expect(`${message} ${fix} ${JSON.stringify(details)}`).not.toMatch(/hush|5550123/);
  });
});
