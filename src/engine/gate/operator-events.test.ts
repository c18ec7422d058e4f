import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { databasesAtRest, temporaryStore } from '../../../test/kit/store.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { silentLog } from '../../telemetry/log.ts';
import { createOperatorEvents, MONITOR_CHECK, type Trouble } from './operator-events.ts';

const MINUTE_MS = 60_000;
const TROUBLE: Trouble = { state: 'Warning', summary: 'it hurts', advice: 'Rest.', facts: { affected_targets: 1 } };

async function monitor() {
  const { events, queries } = await temporaryStore();
  const clock = createFakeClock();
  let operations = 0;
  let isBroken = false;
  const appended: string[] = [];
  const parts = {
    events: {
      async append(input: Parameters<typeof events.append>[0]) {
        if (isBroken) throw new Error('the disk is full');
        appended.push(...input.mutations.map(({ op }) => op));
        return events.append(input);
      },
    },
    eventQueries: queries,
    clock,
    log: silentLog,
    newOpId: () => `operator-${operations++}`,
  };
  let own = createOperatorEvents(parts);
  return {
    clock,
    appended,
    own: () => own,
    breakStore(broken: boolean) {
      isBroken = broken;
    },
    async restart() {
      own.stop();
      own = createOperatorEvents(parts);
      await own.start();
    },
    async pass(ms: number) {
      clock.advance(ms);
      await own.flush();
      await databasesAtRest();
    },
    async events(active: boolean) {
      await own.flush();
      return queries.list(EVERY_SITE, { checkTypes: [MONITOR_CHECK], active, limit: 10 });
    },
    transitions: queries.transitions,
  };
}

describe('trouble of our own', () => {
  it('is one event, however often it is raised, that ends when it was calm for a minute', async () => {
    const { own, events, clock, pass, transitions } = await monitor();
    own().raise('mass_failure', TROUBLE);
    own().raise('mass_failure', { ...TROUBLE, facts: { affected_targets: 7 } });
    const [event, ...more] = await events(true);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ siteId: 0n, endpointId: null, state: 'Warning', discriminator: 'mass_failure' });
    expect(event?.metadata).toMatchObject({ reason: 'mass_failure', summary: 'it hurts', advice: 'Rest.' });
    expect(event?.metadata).toHaveProperty('since', new Date(clock.nowMs()).toISOString());
    own().calm('mass_failure');
    await pass(MINUTE_MS - 1);
    expect(await events(true)).toHaveLength(1);
    await pass(1);
    expect(await events(true)).toEqual([]);
    expect(own().open()).toEqual([]);
    const [ended] = await events(false);
    const last = (await transitions(EVERY_SITE, ended?.eventId ?? (0n as never), { limit: 9 })).at(-1);
    expect(last).toMatchObject({ reason: 'probe_cleared', metadata: { affected_targets: 7 } });
  });

  it('that comes back within the minute goes on as the same event', async () => {
    const { own, events, pass } = await monitor();
    own().raise('network_unproven', TROUBLE);
    own().calm('network_unproven');
    await pass(MINUTE_MS - 1);
    own().raise('network_unproven', TROUBLE);
    await pass(10 * MINUTE_MS);
    expect(await events(true)).toHaveLength(1);
    own().calm('network_unproven');
    expect(await events(true)).toEqual([]);
  });

  it('that becomes worse or better says so', async () => {
    const { own, events, appended } = await monitor();
    own().raise('verifiers_silent', TROUBLE);
    await own().flush();
    own().raise('verifiers_silent', { ...TROUBLE, state: 'Degraded' });
    expect((await events(true))[0]).toMatchObject({ state: 'Degraded' });
    expect(appended).toEqual(['open', 'promote']);
  });

  it('is told apart by name, also where there are several of a kind', async () => {
    const { own, events } = await monitor();
    own().raise('verifier_quarantined:eu-1', TROUBLE);
    own().raise('verifier_quarantined:us-1', TROUBLE);
    const names = (await events(true)).map(({ discriminator }) => discriminator);
    expect(names.sort()).toEqual(['verifier_quarantined:eu-1', 'verifier_quarantined:us-1']);
    expect((await events(true))[0]?.metadata).toMatchObject({ reason: 'verifier_quarantined' });
  });

  it('is written later when it could not be written at once, and its end, too', async () => {
    const { own, events, breakStore, pass } = await monitor();
    breakStore(true);
    own().raise('prober_stalled', TROUBLE);
    expect(await events(true)).toEqual([]);
    breakStore(false);
    await pass(5_000);
    expect(await events(true)).toHaveLength(1);
    breakStore(true);
    own().calm('prober_stalled');
    await pass(MINUTE_MS);
    expect(await events(true)).toHaveLength(1);
    breakStore(false);
    await pass(5_000);
    expect(await events(true)).toEqual([]);
  });

  it('that came and went before anything could be written leaves no event', async () => {
    const { own, events, breakStore, pass } = await monitor();
    breakStore(true);
    own().raise('clock_jumped', TROUBLE);
    own().calm('clock_jumped');
    await pass(MINUTE_MS);
    breakStore(false);
    await pass(5_000);
    expect([...(await events(true)), ...(await events(false))]).toEqual([]);
  });

  it('of a process that ended is over when the next one starts, whatever its name', async () => {
    const { own, events, restart } = await monitor();
    own().raise('mass_failure', TROUBLE);
    own().raise('verifier_quarantined:eu-1', TROUBLE);
    expect(await events(true)).toHaveLength(2);
    await restart();
    expect(await events(true)).toEqual([]);
  });

  it('that never was can be calmed', async () => {
    const { own, events } = await monitor();
    own().calm('mass_failure');
    expect(await events(false)).toEqual([]);
  });
});
