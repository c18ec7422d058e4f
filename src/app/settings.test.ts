import { describe, expect, it } from 'vitest';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { silentLog } from '../telemetry/log.ts';
import { loadConfig } from './config.ts';
import { CONFIG_SHAPE, TAKEN_AT_ONCE } from './config-keys.ts';
import { createSettings } from './settings.ts';

type Env = Record<string, string>;

function settingsFrom(first: Env) {
  const said = { env: first, error: null as Error | null };
  const settings = createSettings({
    loaded: loadConfig(first),
    read() {
      if (said.error !== null) throw said.error;
      return loadConfig(said.env);
    },
    clock: systemClock,
    log: silentLog,
  });
  return { settings, said };
}

describe('settings', () => {
  it('take what can be taken at once, and name what waits for a restart', () => {
    const { settings, said } = settingsFrom({ NUM_OF_CHECKS: '3' });
    const told: unknown[] = [];
    settings.subscribe((config, changed) => told.push([config.NUM_OF_CHECKS, changed]));
    said.env = { NUM_OF_CHECKS: '5', HTTP_PORT: '9000' };
    expect(settings.reload()).toMatchObject({
      reloads: 1,
      error: null,
      changed: ['NUM_OF_CHECKS'],
      restartNeeded: ['HTTP_PORT'],
    });
    expect(settings.current()).toMatchObject({ NUM_OF_CHECKS: 5, HTTP_PORT: 8080 });
    expect(told).toEqual([[5, ['NUM_OF_CHECKS']]]);
  });

  it('take other verifiers and another quorum where they are used, and once', () => {
    const listOf = (token: string) =>
      JSON.stringify(['a', 'b', 'c'].map((name) => ({ name, host: `${name}.example`, port: 7803, auth_token: token })));
    const { settings, said } = settingsFrom({ VERIFIERS: listOf('before') });
    said.env = { VERIFIERS: listOf('after'), VERIFIER_QUORUM: '3' };
    expect(settings.reload().changed).toEqual(['VERIFIERS', 'VERIFIER_QUORUM']);
    const { verifiers, verifierQuorum } = settings.current();
    expect(verifiers.map(({ authToken }) => authToken)).toEqual(['after', 'after', 'after']);
    expect(verifierQuorum).toBe(3);
    expect(settings.reload().changed).toEqual([]);
  });

  it('go on naming what waits until it is as it was, and tell nobody of nothing', () => {
    const { settings, said } = settingsFrom({});
    const told: unknown[] = [];
    settings.subscribe((_, changed) => told.push(changed));
    said.env = { HTTP_PORT: '9000' };
    settings.reload();
    expect(settings.reload()).toMatchObject({ changed: [], restartNeeded: ['HTTP_PORT'] });
    said.env = {};
    expect(settings.reload()).toMatchObject({ reloads: 3, changed: [], restartNeeded: [] });
    expect(told).toEqual([]);
  });

  it('stay as they are when what was read is not usable, and say why', () => {
    const { settings, said } = settingsFrom({ NUM_OF_CHECKS: '4' });
    said.error = new AppError('invalid_config', 'this is not JSON');
    expect(settings.reload()).toMatchObject({ reloads: 1, error: 'this is not JSON', changed: [] });
    said.error = new Error('a fault of ours');
    expect(settings.reload().error).toContain('a fault of ours');
    expect(settings.current().NUM_OF_CHECKS).toBe(4);
    said.error = null;
    expect(settings.reload()).toMatchObject({ reloads: 3, error: null });
  });

  it('survive a part that cannot take them', () => {
    const { settings, said } = settingsFrom({});
    const told: unknown[] = [];
    settings.subscribe(() => {
      throw new Error('no');
    });
    settings.subscribe((_, changed) => told.push(changed));
    said.env = { LOG_LEVEL: 'debug' };
    expect(settings.reload().changed).toEqual(['LOG_LEVEL']);
    expect(told).toEqual([['LOG_LEVEL']]);
  });

  it('know every key that is taken at once', () => {
    expect(TAKEN_AT_ONCE.filter((key) => !(key in CONFIG_SHAPE))).toEqual([]);
  });
});
