import { describe, expect, it } from 'vitest';
import type { EndpointId, SiteId } from '../domain/ids.ts';
import { silentLog } from '../telemetry/log.ts';
import { type Change, createChanges } from './changes.ts';

const change: Change = {
  kind: 'site_changed',
  siteId: 1n as SiteId,
  endpointIds: [2n as EndpointId],
  change: 'created',
};

describe('the bus', () => {
  it('tells every subscriber before it returns, until they leave', () => {
    const changes = createChanges({ log: silentLog });
    const heard: string[] = [];
    const listener = () => heard.push('a');
    const leave = changes.subscribe(listener);
    changes.subscribe(() => heard.push('b'));
    changes.subscribe(listener);
    changes.publish(change);
    leave();
    changes.publish(change);
    expect(heard.join('')).toBe('ababa');
  });

  it('logs a listener that throws and tells the others', () => {
    const logged: unknown[] = [];
    const changes = createChanges({ log: { error: (facts: unknown) => logged.push(facts) } });
    const heard: Change[] = [];
    const failure = new Error('listener failed');
    changes.subscribe(() => {
      throw failure;
    });
    changes.subscribe((one) => heard.push(one));
    changes.publish(change);
    expect(heard).toEqual([change]);
    expect(logged).toEqual([{ err: failure, change: 'site_changed' }]);
  });

  it('lets a listener leave while it is being told', () => {
    const changes = createChanges({ log: silentLog });
    const heard: string[] = [];
    const leave = changes.subscribe(() => {
      heard.push('once');
      leave();
    });
    changes.subscribe(() => heard.push('always'));
    changes.publish(change);
    changes.publish(change);
    expect(heard).toEqual(['once', 'always', 'always']);
  });
});
