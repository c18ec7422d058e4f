/**
 * The API for the commands of this machine: that of the running server when there is one, otherwise the same API put
 * over the data file inside this process.
 */
import { createApiServer } from '../api/server.ts';
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import { systemRandom } from '../lib/random.ts';
import { createLog, silentLog } from '../telemetry/log.ts';
import { sitePolicy } from './app.ts';
import type { Config } from './config.ts';
import { localKey, readLocalKey } from './local-key.ts';
import { lookWithoutEngine } from './look-without-engine.ts';
import { type OpenStore, openStore } from './open-store.ts';

export type ApiAccess = {
  baseUrl: string;
  token: string;
  /** How requests travel; absent: over the network. */
  fetch?: typeof globalThis.fetch;
  close(): Promise<void>;
};

/** A server that is starting, or a command that writes briefly, is worth waiting for. */
const WAIT_MS = 5_000;
const RETRY_MS = 100;

/** Throws AppError when the data folder cannot be used, or is held by a process that says no address. */
export async function reachApi(config: Config): Promise<ApiAccess> {
  const log = createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  const giveUpAtMs = systemClock.monotonicMs() + WAIT_MS;
  for (;;) {
    try {
      return await onDataFile(config, await openStore(config, 'sites', log, { waitMs: 0 }));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'data_dir_locked') throw error;
      const served = onServer(config, error.details['address']);
      if (served !== null) return served;
      if (systemClock.monotonicMs() >= giveUpAtMs) throw error;
    }
    await new Promise<void>((wake) => systemClock.after(RETRY_MS, wake));
  }
}

/**
 * The address counts only while its writer holds the lock: an address that was left behind may be anybody's by now,
 * and the key must not go there. Null while the holder has not said one.
 */
function onServer(config: Config, address: unknown): ApiAccess | null {
  const token = readLocalKey(config.JETMON_DATA_DIR);
  if (typeof address !== 'string' || token === null) return null;
  return { baseUrl: address, token, close: async () => {} };
}

async function onDataFile(config: Config, store: OpenStore): Promise<ApiAccess> {
  const token = localKey(config.JETMON_DATA_DIR, systemRandom);
  await store.runtime.load();
  const api = createApiServer({
    deps: { ...store, clock: systemClock, random: systemRandom },
    policy: sitePolicy(() => config),
    log: silentLog,
    localKey: token,
    page: null,
    onResult: () => () => {},
    proberStats: () => null,
    lookNow: lookWithoutEngine(config, store.fleetRows),
  });
  return {
    baseUrl: 'http://localhost',
    token,
    fetch: api.fetch,
    async close() {
      await api.close();
      await store.close();
    },
  };
}
