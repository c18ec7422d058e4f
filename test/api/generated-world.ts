/** A server for generated requests: seeded, with a caller of each scope, and with secrets that nobody may be told. */
import type { OpenApiDocument } from '../../src/contracts/openapi/document-types.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import type { ServiceDeps } from '../../src/services/deps.ts';
import { updateSite } from '../../src/services/update-site.ts';
import type { Log } from '../../src/telemetry/log.ts';
import { createFakeClock } from '../kit/fake-clock.ts';
import { startApiOnDatabase } from './api-on-database.ts';
import { seedExamples } from './example-world.ts';
import { type GeneratedReport, type GeneratedRequests, sendGeneratedRequests } from './generated-requests.ts';
import type { Caller } from './judge-reply.ts';

const RANKS = ['read', 'write', 'admin'] as const;

export type GeneratedWorld = {
  /** Sends the next requests. */
  send(options: Pick<GeneratedRequests, 'count' | 'seed' | 'onProgress'>): Promise<GeneratedReport>;
  close(): Promise<void>;
};

export type WorldOptions = {
  /** Absent: a file that is gone after `close`. */
  databaseUrl?: string;
  log?: Log;
  /** Seeds more, and says who asks besides the keys of each scope, such as tenants and what none of them may see. */
  moreCallers?(deps: ServiceDeps): Promise<readonly Caller[]>;
};

export async function startGeneratedWorld(options: WorldOptions = {}): Promise<GeneratedWorld> {
  const api = await startApiOnDatabase({ clock: systemClock, random: systemRandom, ...options });
  const { deps, address } = api;
  const clock = createFakeClock(systemClock.nowMs() - 3_600_000);
  await seedExamples({ ...deps, clock }, clock);
  const canary = `canary-${Buffer.from(systemRandom.bytes(8)).toString('hex')}`;
  const [second] = (await deps.endpoints.all(EVERY_SITE)).slice(1);
  if (second === undefined) throw new Error('the second site is not there');
  const policy = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: false };
  await updateSite(deps, policy, EVERY_SITE, second.siteId, { plan: { headers: [['authorization', canary]] } });
  const callers = await Promise.all(
    RANKS.map(async (scope, rank): Promise<Caller> => {
      const { token } = await deps.apiKeys.create({ consumerName: scope, scope, rateLimitPerMinute: 1_000_000_000 });
      return {
        name: scope,
        headers: { authorization: `Bearer ${token}` },
        may: (wanted) => RANKS.slice(0, rank + 1).some((held) => held === wanted),
        mustNotSee: [canary, token],
      };
    }),
  );
  const more = (await options.moreCallers?.(deps)) ?? [];
  const document = (await (await fetch(`${address}/api/v1/openapi.json`)).json()) as OpenApiDocument;
  return {
    send: (wanted) => sendGeneratedRequests({ address, document, callers: [...more, ...callers], ...wanted }),
    close: () => api.close(),
  };
}
