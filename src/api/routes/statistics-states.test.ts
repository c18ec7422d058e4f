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

describe('a site that was paused for a while', () => {
  it('is Unknown from then on until it is looked at again, as each of its endpoints is', async () => {
    const { api, site, endpoint, looks, set, uptime } = await startLife({ intervalSeconds: 300 });
    looks(endpoint, 0, 10, 5);
    set(11);
    await api.ask('POST', `${site}/pause`);
    set(12);
    await api.ask('POST', `${site}/resume`);
    looks(endpoint, 14, 34, 5);
    set(34);
    const expected = { up: 31 * MINUTE, paused: MINUTE, unknown: 2 * MINUTE };
    const body = await uptime(0, 34);
    expect(body.states_ms).toMatchObject(expected);
    expect(body.endpoints[0].states_ms).toMatchObject(expected);
  });

  it('has no uptime before that', async () => {
    const { api, site, endpoint, looks, fails, set, uptime } = await startLife({ intervalSeconds: 300 });
    looks(endpoint, 0, 0);
    await fails(endpoint, 0);
    set(2);
    await api.ask('POST', `${site}/pause`);
    set(3);
    await api.ask('POST', `${site}/resume`);
    set(4);
    expect(await uptime(0, 4)).toMatchObject({
      uptime_percent: 0,
      states_ms: { up: 0, seems_down: 2 * MINUTE, paused: MINUTE, unknown: MINUTE },
    });
  });
});
