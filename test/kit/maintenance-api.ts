/** An API with some sites, for tests of maintenance. */
import { type ApiFixture, startApi } from './api.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const at = (ms: number) => new Date(ms).toISOString();

export async function apiWithSites(count = 1) {
  const api = await startApi();
  for (let i = 0; i < count; i += 1) await api.addEndpoint();
  const ask = (method: string, path: string, body?: object) =>
    api.ask(method, `/api/v1${path}`, body === undefined ? {} : { body });
  const state = async (site = 1) => (await ask('GET', `/sites/${site}`)).body.current_state;
  return { api, ask, state, nowMs: () => api.clock.nowMs() };
}

/** Every two days at the hour that begins after the next one, in UTC. */
export function nightly(api: ApiFixture) {
  const startMs = Math.ceil(api.clock.nowMs() / HOUR) * HOUR + HOUR;
  const recurrence = { frequency: 'daily', interval: 2 };
  return { startMs, body: { start: at(startMs), duration_minutes: 30, recurrence } };
}
