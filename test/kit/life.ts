/** A site behind a real API whose looks and failures a test writes down minute by minute, before a clock that it sets. */
import type { EndpointId, SiteId } from '../../src/domain/ids.ts';
import type { CloseReason, Mutation } from '../../src/domain/mutation.ts';
import { EVERY_SITE } from '../../src/domain/site-scope.ts';
import type { IncidentState } from '../../src/domain/state.ts';
import { systemClock } from '../../src/lib/clock.ts';
import type { Endpoint } from '../../src/store/endpoints.ts';
import { startApi } from './api.ts';
import { appendTo } from './store.ts';

const START = Date.UTC(2026, 2, 2);
const MINUTE = 60_000;

export const at = (minute: number) => START + minute * MINUTE;
export const instant = (minute: number) => new Date(at(minute)).toISOString();

/** One URL that is looked at every minute; the clock stands at minute 0. */
export async function startLife({ intervalSeconds = 60 } = {}) {
  const api = await startApi({ clock: { ...systemClock, nowMs: () => START } });
  const { body } = await api.ask('POST', '/api/v1/sites', {
    body: { monitor_url: 'https://a.example/', check_interval_seconds: intervalSeconds },
  });
  const siteId = BigInt(body.id) as SiteId;
  const site = `/api/v1/sites/${siteId}`;
  const endpoints = () => api.endpoints.bySite(EVERY_SITE, siteId);
  const endpoint = (await endpoints())[0] as Endpoint;
  let timeMs = START;

  /** One append. */
  async function happen(of: Endpoint, mutations: readonly Mutation[], atMs: number) {
    const { endpointId } = of;
    await api.events.append(
      appendTo(of, mutations, {
        identity: { siteId, endpointId, checkType: 'http', discriminator: null },
        atMs,
        opId: crypto.randomUUID(),
        failedCheck: null,
      }),
    );
  }

  return {
    api,
    site,
    siteId,
    endpoint,
    endpoints,
    happen,
    set(minute: number) {
      api.clock.move(at(minute) - timeMs);
      timeMs = at(minute);
    },
    async add(url: string): Promise<Endpoint> {
      await api.ask('POST', `${site}/endpoints`, { body: { monitor_url: url, check_interval_seconds: 60 } });
      return (await endpoints()).at(-1) as Endpoint;
    },
    /** Healthy looks, both ends among them. */
    looks({ endpointId }: { endpointId: EndpointId }, fromMinute: number, toMinute: number, step = 1) {
      for (let minute = fromMinute; minute <= toMinute; minute += step) {
        api.history.add({ siteId, endpointId, atMs: at(minute), httpCode: 200, timings: { total: 10 } });
      }
    },
    fails: (of: Endpoint, minute: number, state: IncidentState = 'Seems Down') =>
      happen(of, [{ op: 'open', state, startedAtMs: at(minute), reason: 'opened' }], at(minute)),
    recovers: (of: Endpoint, minute: number, reason: CloseReason = 'verifier_cleared') =>
      happen(of, [{ op: 'close', reason }], at(minute)),
    async uptime(fromMinute: number, toMinute: number, path = '/uptime') {
      const { body } = await api.ask('GET', `${site}${path}?from=${instant(fromMinute)}&to=${instant(toMinute)}`);
      return body;
    },
  };
}
