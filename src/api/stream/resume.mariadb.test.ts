/** A transition that is committed late, below one that was told of already, on a server with many writers. */
import { expect, it, vi } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import { dataOf, follow, type StreamFollower } from '../../../test/kit/follow-stream.ts';
import { appendTo } from '../../../test/kit/store.ts';
import type { StreamMessages } from '../../contracts/utility.ts';
import type { Mutation } from '../../domain/mutation.ts';
import { createChanges } from '../../store/changes.ts';
import { createEvents } from '../../store/events.ts';
import { silentLog } from '../../telemetry/log.ts';

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };

function sitesTold({ events }: StreamFollower): unknown[] {
  return events
    .filter(({ name }) => name === 'transition')
    .map((event) => (dataOf(event) as StreamMessages['transition']).site_id);
}

it('is told all the same, also to one who comes back from after it', async () => {
  const api = await startApi();
  const elsewhere = createEvents({ db: api.database, changes: createChanges({ log: silentLog }) });
  const [late, early] = [await api.addEndpoint(), await api.addEndpoint()];
  const stays = await follow(api);
  const leaves = await follow(api);
  await vi.waitFor(() => expect(api.listening()).toBe(1));
  let position: string | null = null;
  await api.database.transaction(async (tx) => {
    await elsewhere.appendWithin(tx, [appendTo(late, [OPEN])]);
    await api.events.append(appendTo(early, [OPEN]));
    await vi.waitFor(() => expect(sitesTold(leaves)).toEqual([Number(early.siteId)]));
    position = leaves.lastId();
    leaves.leave();
  });
  await vi.waitFor(() => expect(sitesTold(stays)).toEqual([Number(early.siteId), Number(late.siteId)]), {
    timeout: 10_000,
  });
  const back = await follow(api, { lastEventId: position });
  await vi.waitFor(() => expect(new Set(sitesTold(back))).toContain(Number(late.siteId)), { timeout: 10_000 });
});
