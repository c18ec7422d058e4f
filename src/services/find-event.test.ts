import { describe, expect, it } from 'vitest';
import { startApi } from '../../test/kit/api.ts';
import { appendTo } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { findEventDetail } from './find-event.ts';

describe('findEventDetail', () => {
  it('shows the newest 1,000 steps of a long event, oldest first, and how many there are', async () => {
    const deps = await startApi();
    const endpoint = await deps.addEndpoint();
    const open = { op: 'open', state: 'Warning', startedAtMs: 1_000, reason: 'opened' } as const;
    const worse = { op: 'promote', state: 'Degraded', reason: 'severity_escalation' } as const;
    const better = { op: 'promote', state: 'Warning', reason: 'severity_deescalation' } as const;
    const upAndDown = Array.from({ length: 501 }, () => [worse, better]).flat();
    const { open: event } = await deps.events.append(appendTo(endpoint, [open, ...upAndDown]));
    if (event === null) throw new Error('nothing is open');
    const detail = await findEventDetail(deps, EVERY_SITE, event.eventId, null);
    expect(detail.event.transitionCount).toBe(1_003);
    expect(detail.transitions.map((transition) => transition.seq)).toEqual(
      Array.from({ length: 1_000 }, (_, index) => index + 4),
    );
  });
});
