/** What the bus hears of the event log. */
import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import { AppError } from '../domain/errors.ts';
import type { Mutation } from '../domain/mutation.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { silentLog } from '../telemetry/log.ts';
import { type Change, createChanges } from './changes.ts';
import type { Database } from './database.ts';
import { createEvents } from './events.ts';

const OPEN: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' };
const CONFIRM: Mutation = { op: 'promote', state: 'Down', reason: 'local_confirmed', verification: 'none_configured' };

describe('the bus', () => {
  it('hears of a commit once, after it, and not of replays or of nothing', async () => {
    const { changes, events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const input = appendTo(endpoint, [OPEN]);
    const { eventId, open: now, transitions } = await events.append(input);
    await events.append(input);
    await events.append(appendTo(endpoint, [OPEN]));
    const { siteId, endpointId } = endpoint;
    expect(heard).toMatchObject([
      { kind: 'committed', siteId, endpointId, checkType: 'http', eventId, open: now, transitions },
      { kind: 'site_state', siteId },
    ]);
    const stored = eventId === null ? [] : await queries.transitions(EVERY_SITE, eventId, { limit: 5 });
    expect(transitions).toEqual(stored);
  });

  it('hears of a commit whose acknowledgement was lost, once it is known', async () => {
    const { db, endpoints, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    let isLost = true;
    const shaky: Database = {
      ...db,
      async transaction(run) {
        const done = await db.transaction(run);
        if (!isLost) return done;
        isLost = false;
        throw new AppError('db_unavailable', 'the connection was lost at the commit');
      },
    };
    const changes = createChanges({ log: silentLog });
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const events = createEvents({ db: shaky, changes });
    const { eventId, transitions } = await events.append(appendTo(endpoint, [OPEN, CONFIRM]));
    expect(transitions).toHaveLength(2);
    const { siteId, endpointId } = endpoint;
    expect(heard).toMatchObject([
      { kind: 'committed', siteId, endpointId, eventId, open: { state: 'Down' }, transitions },
      { kind: 'site_state', siteId, transition: { stateAfter: 'Down' } },
    ]);
    expect(await queries.list(EVERY_SITE, { limit: 10 })).toHaveLength(1);
    expect(await endpoints.byId(EVERY_SITE, endpointId)).toMatchObject({ legacyStatus: 2 });
    expect(await brokenInvariants(db)).toEqual([]);
  });

  it('is left to the caller of a joined transaction', async () => {
    const { db, changes, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const heard: Change[] = [];
    changes.subscribe((change) => heard.push(change));
    const done = await db.transaction((tx) => events.appendWithin(tx, [appendTo(endpoint, [OPEN])]));
    expect(heard).toEqual([]);
    expect(done.changes).toMatchObject([
      { kind: 'committed', transitions: [{ reason: 'opened' }] },
      { kind: 'site_state', transition: { stateAfter: 'Seems Down' } },
    ]);
  });
});
