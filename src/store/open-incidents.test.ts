import { describe, expect, it } from 'vitest';
import { brokenInvariants } from '../../test/kit/broken-invariants.ts';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';

const FAILING = { sinceMs: 500, attempts: 3 };

describe('an open incident', () => {
  it('tells its severity where that is another than that of its state, when written and when read', async () => {
    const { db, events, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const open = { op: 'open', state: 'Seems Down', startedAtMs: 500, reason: 'opened' } as const;
    const raise = { op: 'set_severity', severity: 4, reason: 'verification_overdue' } as const;
    const written = await events.append(appendTo(endpoint, [open, raise], { failing: FAILING }));
    expect(written.open).toMatchObject({ state: 'Seems Down', severity: 4, failing: FAILING });
    expect((await events.openIncidentsOf(endpoint.endpointId)).get('http')).toEqual(written.open);
    expect(await brokenInvariants(db)).toEqual([]);
    const confirm = { op: 'promote', state: 'Down', reason: 'verifier_confirmed' } as const;
    expect((await events.append(appendTo(endpoint, [confirm]))).open).not.toHaveProperty('severity');
  });

  it('that is regional is told as that after a restart: Degraded, with the failure kept', async () => {
    const { db, events, queries, addEndpoint } = await temporaryStore();
    const endpoint = await addEndpoint();
    const facts = { verification: 'regional', down_regions: 'eu' };
    const open = { op: 'open', state: 'Degraded', startedAtMs: 500, reason: 'opened', facts } as const;
    const { eventId } = await events.append(
      appendTo(endpoint, [open], { failing: FAILING, metadata: { reason: 'x' } }),
    );
    const found = (await events.openIncidents()).get(endpoint.endpointId)?.get('http');
    expect(found).toEqual({ eventId, state: 'Degraded', failing: FAILING });
    expect((await queries.list(EVERY_SITE, { limit: 1 }))[0]?.metadata).toEqual({ reason: 'x', ...facts });
    expect(await brokenInvariants(db)).toEqual([]);
  });
});
