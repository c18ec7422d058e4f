import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { LOCAL_KEY, startApi } from '../../test/kit/api.ts';
import { appendTo } from '../../test/kit/store.ts';
import { createClient } from './client.ts';
import { operations } from './operations.ts';

it('every contract that answers with a document or with nothing is an operation', async () => {
  const folder = new URL('../contracts/', import.meta.url);
  const names: string[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))) {
    const module = (await import(new URL(file, folder).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (typeof value !== 'object' || value === null || !('operationId' in value)) continue;
      expect(name).toBe(value.operationId);
      if (!('status' in value && value.status === 200 && !('reply' in value))) names.push(name);
    }
  }
  expect(Object.keys(operations).sort()).toEqual(names.sort());
});

it('every operation that answers with pages is walked through to its end', async () => {
  const api = await startApi();
  const client = createClient({ baseUrl: api.address, token: LOCAL_KEY });
  const endpoint = await api.addEndpoint();
  const opened = { op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' } as const;
  await api.events.append(appendTo(endpoint, [opened]));
  await client.sites.create({ monitor_url: 'https://b.example/' });
  const urls: string[] = [];
  for await (const site of client.list(operations.listSites, { query: { limit: 1 } })) urls.push(site.monitor_url);
  expect(urls).toHaveLength(2);
  const reasons: string[] = [];
  for await (const { reason } of client.events.transitions(endpoint.siteId, 1)) reasons.push(reason);
  expect(reasons).toEqual(['opened']);
});

it('a walk that is left early asks for no further page', async () => {
  const api = await startApi();
  let asked = 0;
  const counting: typeof fetch = (input, init) => {
    asked += 1;
    return fetch(input, init);
  };
  const client = createClient({ baseUrl: api.address, token: LOCAL_KEY, fetch: counting });
  for (let n = 0; n < 3; n += 1) await api.addEndpoint();
  for await (const _ of client.list(operations.listSites, { query: { limit: 1 } })) break;
  expect(asked).toBe(1);
});
