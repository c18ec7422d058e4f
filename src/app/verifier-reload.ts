/** The configuration of a verifier while it runs: secrets, defaults of looks and renewed certificates follow, the rest waits. */
import { AppError } from '../domain/errors.ts';
import { systemClock } from '../lib/clock.ts';
import type { AdjustableLog } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Config, LoadedConfig } from './config.ts';
import { TAKEN_BY_VERIFIER } from './config-keys.ts';
import { createSettings, type Settings, type SettingsStatus } from './settings.ts';
import type { VerifierSettings } from './verifier-settings.ts';

export type VerifierReloadParts = {
  loaded: LoadedConfig;
  /** Reads the configuration again; throws when it is not usable. */
  readConfig(): LoadedConfig;
  /** What a verifier makes of it; throws when it cannot run on that. */
  settingsOf(config: Config): VerifierSettings;
  /** What it runs on. */
  first: VerifierSettings;
  /** Puts another one into effect. Throws when it cannot be, and then nothing is changed. */
  take(next: VerifierSettings, config: Config): void;
  metrics: Metrics;
  log: AdjustableLog;
};

export function createVerifierReload(parts: VerifierReloadParts): {
  settings: Settings;
  /** Never throws: what cannot be used is told in the status and in the log, and what was before holds. */
  reload(): SettingsStatus;
} {
  const { settingsOf, metrics, log } = parts;
  let before = parts.first;
  const settings = createSettings({
    loaded: parts.loaded,
    read() {
      const next = parts.readConfig();
      settingsOf(next.config);
      return next;
    },
    takes: TAKEN_BY_VERIFIER,
    clock: systemClock,
    log,
  });
  settings.subscribe(({ LOG_LEVEL }) => log.setLevel(LOG_LEVEL));

  /** Also when no key has changed: files that keys name may hold something new. */
  function follow(): void {
    try {
      const next = settingsOf(settings.current());
      parts.take(next, settings.current());
      sayNews(before, next, log);
      before = next;
    } catch (error) {
      const reason = error instanceof AppError ? error.message : String(error);
      log.error({ reason }, 'tokens and certificate could not be taken; those before hold until a restart');
    }
  }

  return {
    settings,
    reload() {
      const status = settings.reload();
      metrics.counter('config_reloads', { result: status.error === null ? 'taken' : 'refused' }).add();
      if (status.error === null) follow();
      return status;
    },
  };
}

function sayNews(before: VerifierSettings, next: VerifierSettings, log: AdjustableLog): void {
  for (const notice of next.notices) if (!before.notices.includes(notice)) log.warn(notice);
  const { authTokens: tokens } = next;
  const isNew = tokens.length !== before.authTokens.length || tokens.some((one, at) => one !== before.authTokens[at]);
  if (isNew) log.info({ tokens: tokens.length }, 'other tokens hold now');
  if (next.tls?.certPem !== before.tls?.certPem) log.info('another certificate is shown now');
  // The file of the verifier before this one, which is no key.
  if (next.port !== before.port) log.warn({ port: next.port }, 'another port waits for a restart');
}
