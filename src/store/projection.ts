/** The legacy status of an endpoint as a function of its open events (spec/01 section 12.4). */
import { LEGACY_STATUS, type LegacyStatus } from './legacy.ts';

/** The only check that version 1 and its readers know of; advisories of others never show there. */
export const PROJECTED_CHECK = 'http';

/** Any Down is confirmed down, else any Seems Down is down, else running. */
export function legacyStatusFor(openStates: readonly string[]): LegacyStatus {
  if (openStates.includes('Down')) return LEGACY_STATUS.confirmedDown;
  return openStates.includes('Seems Down') ? LEGACY_STATUS.siteDown : LEGACY_STATUS.running;
}
