/** An append that is only to be made while its endpoint is watched. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import type { Change } from './changes.ts';

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };
const CONFIRM: Mutation = { op: 'promote', state: 'Down', reason: 'local_confirmed', verification: 'none_configured' };

describe('an append only while the endpoint is watched', () => {
  const refused = { eventId: null, open: null, transitions: [], replayed: false, refused: 'not_watched' };

  it('is made while it is active with that URL', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const onlyWhileWatching = { url: endpoint.url };
    const done = await events.append(appendTo(endpoint, [OPEN], { onlyWhileWatching }));
    expect(done).toMatchObject({ open: { state: 'Seems Down' }, refused: null });
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it.each([
    ['pauses it', { active: false }],
    ['gives it another URL', { url: 'https://b.example/' }],
  ])('is refused when it waits behind a transaction that %s', async (_, patch) => {
    const { db, changes, endpoints, events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const order: string[] = [];
    const input = appendTo(endpoint, [OPEN], { onlyWhileWatching: { url: endpoint.url } });
    const { appending } = await db.transaction(async (tx) => {
      const appending = events.append(input).finally(() => order.push('appended'));
      await endpoints.update(EVERY_SITE, endpoint.endpointId, patch, tx);
      await new Promise((resolve) => setImmediate(resolve));
      order.push('changed');
      return { appending };
    });
    expect(await appending).toEqual(refused);
    expect(order).toEqual(['changed', 'appended']);
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toEqual([]);
    expect(await endpoints.byId(EVERY_SITE, endpoint.endpointId)).toMatchObject({
      legacyStatus: 1,
      statusChangedAtMs: null,
    });
    expect(heard).toEqual([]);
  });

  it('is refused for an endpoint that is gone, and changes nothing that is open', async () => {
    const { db, endpoints, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const gone = { ...endpoint, endpointId: 99n as EndpointId };
    const onlyWhileWatching = { url: endpoint.url };
    expect(await events.append(appendTo(gone, [OPEN], { onlyWhileWatching }))).toEqual(refused);
    await events.append(appendTo(endpoint, [OPEN], { failing: { sinceMs: 1_000, attempts: 1 } }));
    await endpoints.update(EVERY_SITE, endpoint.endpointId, { active: false });
    const more = { failing: { sinceMs: 1_000, attempts: 2 }, onlyWhileWatching };
    expect(await events.append(appendTo(endpoint, [CONFIRM], more))).toEqual(refused);
    const incident = (await events.openIncidentsOf(endpoint.endpointId)).get('http');
    expect(incident).toMatchObject({ state: 'Seems Down', failing: { attempts: 1 } });
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('still knows what it committed before the pause', async () => {
    const { endpoints, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const input = appendTo(endpoint, [OPEN], { onlyWhileWatching: { url: endpoint.url } });
    const first = await events.append(input);
    await endpoints.update(EVERY_SITE, endpoint.endpointId, { active: false });
    expect(await events.append(input)).toEqual({ ...first, replayed: true });
  });
});
