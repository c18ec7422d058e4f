/** Suites that need a program which not every machine has say so here, and are never silently left out. */
import { delimiter } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findProgram } from './programs.ts';

/** Per service, the programs that can play it; the first one found serves. */
export const SERVICES = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome'],
  mariadb: ['mariadbd', 'mysqld'],
} as const satisfies Record<string, readonly string[]>;

export type Service = keyof typeof SERVICES;

const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin'];

/** Full path of a program that plays the service, or null when this machine has none. */
export function findService(service: Service, path: string = process.env['PATH'] ?? ''): string | null {
  const folders = [...path.split(delimiter).filter((folder) => folder !== ''), ...SYSTEM_FOLDERS];
  for (const program of SERVICES[service]) {
    const found = findProgram(program, folders);
    if (found !== null) return found;
  }
  return null;
}

export type Want = 'run' | 'skip' | 'fail';

/** What to do with a suite that wants a service: on a build machine a missing service is a failure. */
export function wantOf(found: string | null, ci: string | undefined): Want {
  if (found !== null) return 'run';
  return ci === undefined || ci === '' || ci === 'false' || ci === '0' ? 'skip' : 'fail';
}

/**
 * A `describe` for a suite that needs a service: `skipWithout('mariadb')('the store on MariaDB', () => { ... })`.
 * Without the service the suite is skipped and named, or fails when `CI` is set.
 */
export function skipWithout(service: Service): (name: string, suite: () => void) => void {
  const want = wantOf(findService(service), process.env['CI']);
  if (want === 'run') return (name, suite) => describe(name, suite);
  if (want === 'skip') return (name, suite) => describe.skip(`${name} (needs ${service})`, suite);
  return (name) =>
    describe(name, () => {
      it(`has the ${service} it needs`, () => {
        expect.fail(`none of ${SERVICES[service].join(', ')} is installed, and CI is set`);
      });
    });
}
