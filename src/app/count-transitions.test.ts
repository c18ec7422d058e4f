import { expect, it } from 'vitest';
import type { EndpointId, EventId, SiteId } from '../domain/ids.ts';
import { type Committed, createChanges } from '../store/changes.ts';
import { silentLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { countTransitions } from './count-transitions.ts';

type Transition = Committed['transitions'][number];

function counted(siteId: bigint, ...transitions: Partial<Transition>[]) {
  const changes = createChanges({ log: silentLog });
  const metrics = createMetrics();
  countTransitions(changes, metrics);
  changes.publish({
    kind: 'committed',
    siteId: siteId as SiteId,
    endpointId: 1n as EndpointId,
    checkType: 'http',
    eventId: 1n as EventId,
    open: null,
    transitions: transitions.map((one) => ({ stateBefore: null, metadata: null, ...one }) as Transition),
  });
  return metrics
    .read()
    .flatMap(({ name, kind, series }) =>
      series.map((one) => [name, ...Object.values(one.labels), kind === 'timer' ? 'timed' : (one as never)['value']]),
    );
}

it('the way of an incident is counted by class, each step once', () => {
  const metadata = { failure_class: 'server', observation: { first_failed_at: '2026-01-01T00:00:00.000Z' } };
  const atMs = Date.UTC(2026, 0, 1, 0, 0, 2);
  expect(
    counted(
      5n,
      { stateAfter: 'Seems Down', reason: 'opened', metadata, changedAtMs: atMs },
      { stateBefore: 'Seems Down', stateAfter: 'Seems Down', reason: 'cause_linked', metadata },
      { stateBefore: 'Seems Down', stateAfter: 'Down', reason: 'local_confirmed', metadata },
      { stateBefore: 'Down', stateAfter: 'Resolved', reason: 'verifier_cleared', metadata },
    ),
  ).toEqual([
    ['seems_down_opened', 'server', 1],
    ['down_confirmed', 'local', 'server', 1],
    ['recovery', 1],
    ['verifier_no_clients', 1],
    ['seems_down_duration', 'down', 'timed'],
    ['first_failure_to_seems_down', 'timed'],
  ]);
});

it('what verifiers say is told apart from what we saw', () => {
  expect(
    counted(
      5n,
      { stateAfter: 'Down', reason: 'opened' },
      { stateBefore: 'Seems Down', stateAfter: 'Down', reason: 'verifier_confirmed' },
      { stateBefore: 'Seems Down', stateAfter: 'Resolved', reason: 'false_alarm', source: 'verifiers' },
      { stateBefore: 'Seems Down', stateAfter: 'Resolved', reason: 'false_alarm', source: 'local' },
      { stateBefore: 'Seems Down', stateAfter: 'Resolved', reason: 'probe_cleared' },
      { stateBefore: 'Warning', stateAfter: 'Resolved', reason: 'probe_cleared' },
      { stateBefore: 'Seems Down', stateAfter: 'Resolved', reason: 'maintenance_swallowed' },
    ),
  ).toEqual([
    ['probe_cleared', 'unknown', 1],
    ['down_confirmed', 'verifier', 'unknown', 2],
    ['down_opened_after_verifier', 1],
    ['false_alarm', 'unknown', 1],
    ['withdrawn', 1],
    ['verifier_quorum_met', 2],
    ['maintenance_swallowed', 'unknown', 1],
  ]);
});

it('trouble of our own is no incident of a site', () => {
  expect(counted(0n, { stateAfter: 'Warning', reason: 'opened' }, { stateAfter: 'Down', reason: 'opened' })).toEqual(
    [],
  );
});

it('how long an incident was Seems Down is timed by what became of it, where its begin was seen', () => {
  const metrics = createMetrics();
  const changes = createChanges({ log: silentLog });
  countTransitions(changes, metrics);
  const publish = (
    eventId: bigint,
    stateBefore: string | null,
    stateAfter: string,
    reason: string,
    changedAtMs: number,
  ) =>
    changes.publish({
      kind: 'committed',
      siteId: 5n as SiteId,
      endpointId: 1n as EndpointId,
      checkType: 'http',
      eventId: eventId as EventId,
      open: null,
      transitions: [
        { eventId, stateBefore, stateAfter, reason, source: 'verifiers', changedAtMs, metadata: null } as Transition,
      ],
    });
  for (const eventId of [1n, 2n, 3n]) publish(eventId, null, 'Seems Down', 'opened', 1_000);
  publish(1n, 'Seems Down', 'Seems Down', 'severity_changed', 2_000);
  publish(1n, 'Seems Down', 'Down', 'local_confirmed', 4_000);
  publish(1n, 'Down', 'Resolved', 'verifier_cleared', 9_000);
  publish(2n, 'Seems Down', 'Resolved', 'false_alarm', 2_000);
  publish(3n, 'Seems Down', 'Resolved', 'maintenance_swallowed', 1_500);
  // Open since before the start of this process.
  publish(4n, 'Seems Down', 'Resolved', 'probe_cleared', 9_000);
  const timed = metrics.read().find(({ name }) => name === 'seems_down_duration');
  expect(timed?.series).toMatchObject([
    { labels: { outcome: 'down' }, sumMs: 3_000 },
    { labels: { outcome: 'false_alarm' }, sumMs: 1_000 },
    { labels: { outcome: 'other' }, sumMs: 500 },
  ]);
});
