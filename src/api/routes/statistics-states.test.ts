/** What a site was, second by second, is what its only endpoint was: also where several steps were written at once. */
import { describe, expect, it } from 'vitest';
import { at, startLife } from '../../../test/kit/life.ts';
import type { Mutation } from '../../domain/mutation.ts';

const MINUTE = 60_000;

const open = (minute: number): Mutation => ({
  op: 'open',
  state: 'Seems Down',
  startedAtMs: at(minute),
  reason: 'opened',
});
const confirm: Mutation = { op: 'promote', state: 'Down', reason: 'local_confirmed' };

const TREATMENTS = ['', '&seems_down=up', '&seems_down=separate', '&degraded=separate', '&false_alarms=down'];

describe('the states of a site with one endpoint', () => {
  it('are those of the endpoint, also where a failure was told and confirmed at once', async () => {
    const { api, site, endpoint, looks, happen, recovers, set } = await startLife();
    looks(endpoint, 0, 100);
    await happen(endpoint, [open(10), confirm], at(13));
    await recovers(endpoint, 20);
    await happen(endpoint, [{ op: 'open', state: 'Degraded', startedAtMs: at(30), reason: 'opened' }], at(30));
    const worse: Mutation = {
      op: 'promote',
      state: 'Seems Down',
      reason: 'severity_escalation',
      beganAtMs: at(32),
    };
    await happen(endpoint, [worse, confirm], at(36));
    await recovers(endpoint, 40);
    await happen(endpoint, [open(50), confirm, { op: 'close', reason: 'false_alarm' }], at(55));
    set(100);
    const window = `from=${new Date(at(0)).toISOString()}&to=${new Date(at(100)).toISOString()}`;
    for (const treatment of TREATMENTS) {
      const { body } = await api.ask('GET', `${site}/uptime?${window}${treatment}`);
      const { endpoint_id, monitor_url, ...only } = body.endpoints[0];
      expect(body, treatment).toMatchObject(only);
    }
    const { body } = await api.ask('GET', `${site}/uptime?${window}`);
    expect(body.states_ms).toMatchObject({
      up: 75 * MINUTE,
      degraded: 2 * MINUTE,
      seems_down: 7 * MINUTE,
      down: 11 * MINUTE,
      unknown: 5 * MINUTE,
    });
  });
});
