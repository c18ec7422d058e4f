/**
 * The configuration while the server runs: read again when somebody asks for it, kept as it is when what was read is not
 * usable. Parts that can follow ask `current` or subscribe; everything else waits for a restart.
 */
import { AppError } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../telemetry/log.ts';
import type { Config, LoadedConfig } from './config.ts';
import { CONFIG_SHAPE, type ConfigKey, TAKEN_AT_ONCE } from './config-keys.ts';

export type SettingsStatus = {
  file: string | null;
  /** Times that it was read again, whether taken or refused. */
  reloads: number;
  reloadedAtMs: number | null;
  /** Why the newest one was refused. */
  error: string | null;
  /** What the newest one put into effect, and what says something new and wants a restart. */
  changed: readonly ConfigKey[];
  restartNeeded: readonly ConfigKey[];
};

export type SettingsListener = (config: Config, changed: readonly ConfigKey[]) => void;

export interface Settings {
  current(): Config;
  status(): SettingsStatus;
  /** Reads the configuration again. Never throws: what it cannot use is told in the status and in the log. */
  reload(): SettingsStatus;
  /** Told after a reload that changed something. */
  subscribe(listener: SettingsListener): void;
}

export function createSettings(parts: {
  loaded: Pick<LoadedConfig, 'config' | 'file'>;
  /** Throws what `loadConfig` throws. */
  read(): LoadedConfig;
  /** Keys that a reload puts into effect; those of a server when left out. */
  takes?: readonly ConfigKey[];
  clock: Pick<Clock, 'nowMs'>;
  log: Pick<Log, 'info' | 'warn' | 'error'>;
}): Settings {
  const { read, takes = TAKEN_AT_ONCE, clock, log } = parts;
  const listeners: SettingsListener[] = [];
  let config = parts.loaded.config;
  let status: SettingsStatus = {
    file: parts.loaded.file,
    reloads: 0,
    reloadedAtMs: null,
    error: null,
    changed: [],
    restartNeeded: [],
  };

  function take(loaded: LoadedConfig): SettingsStatus {
    const different = differences(config, loaded.config);
    const changed = different.filter((key) => takes.includes(key));
    const restartNeeded = different.filter((key) => !takes.includes(key));
    config = { ...config, ...picked(loaded.config, changed) };
    for (const notice of loaded.notices) log.warn(notice);
    log.info({ changed, restart_needed: restartNeeded }, 'the configuration was read again');
    if (changed.length > 0) for (const listener of listeners) tell(listener, changed);
    return { ...next(), file: loaded.file, error: null, changed, restartNeeded };
  }

  /** One part that fails must not keep the others from the news. */
  function tell(listener: SettingsListener, changed: readonly ConfigKey[]): void {
    try {
      listener(config, changed);
    } catch (error) {
      log.error({ err: error }, 'a part of the server could not take the new configuration');
    }
  }

  function refuse(error: unknown): SettingsStatus {
    const message = error instanceof AppError ? error.message : String(error);
    log.error({ reason: message }, 'the configuration was refused; the one before it holds');
    return { ...next(), error: message, changed: [] };
  }

  function next(): SettingsStatus {
    return { ...status, reloads: status.reloads + 1, reloadedAtMs: clock.nowMs() };
  }

  return {
    current: () => config,
    status: () => status,
    reload() {
      let loaded: LoadedConfig;
      try {
        loaded = read();
      } catch (error) {
        status = refuse(error);
        return status;
      }
      status = take(loaded);
      return status;
    },
    subscribe: (listener) => void listeners.push(listener),
  };
}

/** A file of authorities that holds others than before counts as a change of the key that names it. */
function differences(one: Config, other: Config): ConfigKey[] {
  return (Object.keys(CONFIG_SHAPE) as ConfigKey[]).filter(
    (key) =>
      JSON.stringify(configured(one, key)) !== JSON.stringify(configured(other, key)) ||
      (key === 'CHECK_CA_FILE' && one.extraCaPem !== other.extraCaPem),
  );
}

/** Where a key is not kept as it was written, what became of it. */
const MEMBER_OF: Readonly<Record<string, keyof Config>> = { VERIFIERS: 'verifiers', VERIFIER_QUORUM: 'verifierQuorum' };

function configured(config: Config, key: ConfigKey): unknown {
  return config[MEMBER_OF[key] ?? (key as keyof Config)];
}

function picked(config: Config, keys: readonly ConfigKey[]): Partial<Config> {
  return Object.fromEntries(keys.map((key) => [MEMBER_OF[key] ?? key, configured(config, key)])) as Partial<Config>;
}
