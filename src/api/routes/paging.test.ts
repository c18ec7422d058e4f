/** Lists that are read page by page while others write: whoever goes by the cursors misses nothing and meets nothing twice. */
import { describe, expect, it } from 'vitest';
import { type ApiFixture, startApi } from '../../../test/kit/api.ts';
import { appendTo } from '../../../test/kit/store.ts';

type Row = { id?: number; endpoint_id?: number };

type List = {
  path: string;
  order: 'rising' | 'falling';
  /** One more row, while a page is read; `nth` counts from 0. */
  write(api: ApiFixture, nth: number): Promise<unknown>;
};

const ROWS = 24;
const OPEN = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
const CLOSE = { op: 'close', reason: 'probe_cleared' } as const;

const LISTS: readonly List[] = [
  {
    path: '/sites',
    order: 'rising',
    async write(api, nth) {
      await api.ask('POST', '/api/v1/sites', { body: { monitor_url: `https://new-${nth}.example/` } });
      await api.ask('DELETE', `/api/v1/sites/${nth + 1}`);
    },
  },
  {
    path: '/sites/1/endpoints',
    order: 'rising',
    async write(api, nth) {
      const body = { monitor_url: `https://a.example/new-${nth}` };
      await api.ask('POST', '/api/v1/sites/1/endpoints', { body });
      await api.ask('POST', `/api/v1/sites/1/endpoints/${nth + 1}/pause`);
    },
  },
  { path: '/events', order: 'falling', write: (api) => outage(api, 1) },
  { path: '/sites/1/events', order: 'falling', write: (api) => outage(api, 1) },
  { path: '/sites/1/events/1/transitions', order: 'rising', write: (api, nth) => step(api, 100 + nth) },
  { path: '/maintenance', order: 'rising', write: (api) => plan(api, 1) },
  { path: '/sites/1/maintenance', order: 'rising', write: (api) => plan(api, 1) },
  { path: '/sites/1/audit', order: 'falling', write: (api) => plan(api, 1) },
];

/** Something that opens and is over: an event of its own, and one of the site. */
async function outage(api: ApiFixture, siteId: number): Promise<void> {
  await api.events.append(appendTo(firstEndpointOf(siteId), [OPEN, CLOSE]));
}

/** One more step of event 1, which stays open. */
async function step(api: ApiFixture, severity: number): Promise<void> {
  const change = { op: 'set_severity', severity, reason: 'severity_escalation' } as const;
  const input = appendTo(firstEndpointOf(1), [OPEN, change]);
  await api.events.append({ ...input, identity: { ...input.identity, checkType: 'tls_expiry' } });
}

async function plan(api: ApiFixture, siteId: number): Promise<void> {
  const body = { start: '2100-05-01T02:00', duration_minutes: 5 };
  await api.ask('POST', `/api/v1/sites/${siteId}/maintenance`, { body });
}

function firstEndpointOf(siteId: number): Parameters<typeof appendTo>[0] {
  return { siteId: BigInt(siteId), endpointId: BigInt(siteId) } as Parameters<typeof appendTo>[0];
}

/** Sites 1 to 24 with endpoints 1 to 24, and as many rows of everything else, nearly all of it of site 1. */
async function filled(path: string): Promise<ApiFixture> {
  const api = await startApi();
  for (let n = 0; n < ROWS; n += 1) {
    const siteId = path.includes('/endpoints') && n > 0 ? { siteId: 1n as never } : {};
    await api.addEndpoint(siteId);
  }
  for (let n = 0; n < ROWS; n += 1) {
    if (path.endsWith('/events')) await outage(api, 1);
    if (path.endsWith('/transitions')) await step(api, n + 5);
    if (/maintenance|audit/.test(path)) await plan(api, 1);
  }
  return api;
}

const idOf = ({ id, endpoint_id }: Row): number => Number(id ?? endpoint_id);

/** Every row from the first page to the last; `write` runs beside each of the first ones. */
async function readAll(api: ApiFixture, path: string, write: List['write'] | null): Promise<number[]> {
  const ids: number[] = [];
  let cursor = '';
  for (let nth = 0; nth < 60; nth += 1) {
    const [{ status, body, text }] = await Promise.all([
      api.ask('GET', `/api/v1${path}?limit=5${cursor}`),
      nth < 8 ? write?.(api, nth) : null,
    ]);
    expect(status, text).toBe(200);
    ids.push(...body.data.map(idOf));
    if (body.page.next === null) return ids;
    cursor = `&cursor=${body.page.next}`;
  }
  throw new Error(`${path} has no end`);
}

describe.each(LISTS)('$path, read while others write', { timeout: 120_000 }, ({ path, order, write }) => {
  it('has every row that was there before, once, in its order', async () => {
    const api = await filled(path);
    const before = await readAll(api, path, null);
    expect(before.length).toBeGreaterThanOrEqual(ROWS);
    const read = await readAll(api, path, write);
    expect(read).toEqual([...new Set(read)]);
    expect(read).toEqual(read.toSorted((a, b) => (order === 'rising' ? a - b : b - a)));
    expect(before.filter((id) => !read.includes(id))).toEqual([]);
    const after = await readAll(api, path, null);
    expect(after.length).toBeGreaterThan(before.length);
    expect(read.filter((id) => !after.includes(id))).toEqual([]);
  });
});
