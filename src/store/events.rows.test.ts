import { expect, it } from 'vitest';
import { appendTo, temporaryStore } from '../../test/kit/store.ts';
import type { FailedCheck } from './history/failures.ts';

const failing = { sinceMs: 1_000, attempts: 3 };

it('a failed look that changes nothing is one row, and what is stored of its confirmation stays', async () => {
  const { db, events, addEndpoint } = await temporaryStore();
  const endpoint = await addEndpoint();
  const look = (atMs: number): FailedCheck => ({
    ...endpoint,
    atMs,
    method: 'GET',
    httpCode: 503,
    errorCode: 1,
    reason: 'http_503',
    ...{ rttMs: 5, dnsMs: null, tcpMs: null, tlsMs: null, ttfbMs: null },
  });
  const open = { op: 'open', state: 'Down', startedAtMs: 1_000, reason: 'opened' } as const;
  await events.append(appendTo(endpoint, [open], { atMs: 2_000, failing, failedCheck: look(2_000) }));
  const before = db.rowsWritten();
  const again = { atMs: 3_000, failing, isFailingStored: true, failedCheck: look(3_000) };
  const { open: still } = await events.append(appendTo(endpoint, [], again));
  expect(db.rowsWritten() - before).toBe(1);
  expect(still?.failing).toEqual(failing);
  const [incident] = (await events.openIncidentsOf(endpoint.endpointId)).values();
  expect(incident).toMatchObject({ state: 'Down', failing });
});
