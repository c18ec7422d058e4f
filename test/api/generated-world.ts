/**
 * A server for generated requests: seeded, with callers of every kind for the operator and two tenants, and with texts in
 * the things of each that nobody else may be told.
 */
import type { OpenApiDocument } from '../../src/contracts/openapi/document-types.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createFakeClock } from '../kit/fake-clock.ts';
import { startApiOnDatabase } from './api-on-database.ts';
import { callersOf } from './callers-of-world.ts';
import { seedExamples } from './example-world.ts';
import { type GeneratedReport, type GeneratedRequests, sendGeneratedRequests } from './generated-requests.ts';
import { addTenant, operatorOf, plant } from './owners-of-world.ts';

export type GeneratedWorld = {
  /** Sends the next requests. */
  send(
    options: Pick<GeneratedRequests, 'count' | 'seed'> & { onProgress?(sent: number): void },
  ): Promise<GeneratedReport>;
  close(): Promise<void>;
};

export type WorldOptions = {
  /** Absent: a file that is gone after `close`. */
  databaseUrl?: string;
  log?: Log;
};

/** Requests after which everybody's texts are put back: what is asked for changes and removes them. */
const PLANT_EVERY = 1_000;

export async function startGeneratedWorld(options: WorldOptions = {}): Promise<GeneratedWorld> {
  const api = await startApiOnDatabase({ clock: systemClock, random: systemRandom, ...options });
  const { deps, address } = api;
  const clock = createFakeClock(systemClock.nowMs() - 3_600_000);
  await seedExamples({ ...deps, clock }, clock);
  const operator = await operatorOf(deps);
  const tenants = [await addTenant(deps, 'acme'), await addTenant(deps, 'globex')];
  const callers = await callersOf(deps.apiKeys, { operator, tenants });
  const document = (await (await fetch(`${address}/api/v1/openapi.json`)).json()) as OpenApiDocument;
  return {
    send({ onProgress, ...wanted }) {
      return sendGeneratedRequests({
        address,
        document,
        callers,
        ...wanted,
        async betweenHandfuls(sent) {
          onProgress?.(sent);
          if (sent % PLANT_EVERY !== 0) return;
          for (const owner of [...tenants, operator]) await plant(deps, owner);
        },
      });
    },
    close: () => api.close(),
  };
}
