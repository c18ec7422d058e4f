import { describe, expect, it } from 'vitest';
import { fleetEngine } from '../../../test/kit/fleet-engine.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import type { Trouble } from './operator-events.ts';
import { createOwnFailures } from './own-failures.ts';

function own(watched: number) {
  const raised = new Map<string, Trouble>();
  const failures = createOwnFailures(
    { raise: (name, trouble) => raised.set(name, trouble), calm: (name) => raised.delete(name) },
    () => watched,
  );
  return {
    raised,
    names: () => [...raised.keys()],
    saw: (nth: number, reason: string | null, host = `www.d${nth}.example`) =>
      failures.saw(BigInt(nth) as EndpointId, reason === null ? null : { reason, url: `https://${host}/` }),
  };
}

describe('a resolver that fails', () => {
  it.each(['dns_servfail', 'dns_refused', 'dns_timeout', 'dns_failed'])(
    'for many domains (%s) is told, and is over when most can be resolved again',
    (reason) => {
      const { saw, names, raised } = own(100);
      for (let nth = 1; nth <= 4; nth += 1) saw(nth, reason, `www.d${nth}.test`);
      expect(names()).toEqual([]);
      saw(5, reason, 'www.d5.test');
      expect(names()).toEqual(['no_resolver']);
      expect(raised.get('no_resolver')?.facts).toEqual({ targets: 5, domains: 5 });
      saw(1, null);
      expect(names()).toEqual([]);
    },
  );

  it('for one domain, however many sites it holds, is not our own', () => {
    const { saw, names } = own(100);
    for (let nth = 1; nth <= 60; nth += 1) saw(nth, 'dns_servfail', `shop-${nth}.one.test`);
    expect(names()).toEqual([]);
  });

  it('for the few names of a large fleet that nobody can resolve is not our own', () => {
    const { saw, names } = own(1_000);
    for (let nth = 1; nth <= 49; nth += 1) saw(nth, 'dns_servfail', `d${nth}.test`);
    expect(names()).toEqual([]);
    saw(50, 'dns_servfail', 'd50.test');
    expect(names()).toEqual(['no_resolver']);
  });

  it('is told of a small fleet as well, where half of it is concerned', () => {
    const { saw, names } = own(3);
    saw(1, 'dns_timeout', 'a.test');
    expect(names()).toEqual([]);
    saw(2, 'dns_timeout', 'b.test');
    expect(names()).toEqual(['no_resolver']);
  });

  it('and is gone altogether is told as that, and does not end with the smaller trouble', () => {
    const { saw, names } = own(10);
    for (let nth = 1; nth <= 5; nth += 1) saw(nth, 'dns_servfail', `d${nth}.test`);
    saw(9, 'dns_no_resolver');
    for (let nth = 1; nth <= 5; nth += 1) saw(nth, null);
    expect(names()).toEqual(['no_resolver']);
    saw(9, 'http_5xx');
    expect(names()).toEqual([]);
  });

  it('raises an event about the monitor, and no site has one', async () => {
    const bench = await fleetEngine(6);
    await bench.engine.start();
    await bench.run(1_000);
    bench.prober.script(() => [{ check: 'http', state: 'Unknown', reason: 'dns_servfail', summary: '' }]);
    for (const [nth, { endpoint }] of bench.sites.entries()) {
      const url = `https://shop.d${nth}.test/`;
      await bench.store.endpoints.update(...moved(endpoint.endpointId, url));
      await bench.changed(endpoint);
    }
    await bench.run(2_000);
    expect(await bench.troubles()).toContain('no_resolver');
    expect(await bench.events()).toEqual([]);
  }, 60_000);
});

describe('trouble of the prober', () => {
  it.each([
    ['monitor_busy', 'hosts_crowded'],
    ['prober_failed', 'prober_failed'],
    ['monitor_network', 'no_network'],
    ['monitor_resources', 'out_of_resources'],
  ])('%s is told as %s until nothing suffers from it', (reason, name) => {
    const { saw, names, raised } = own(100);
    saw(1, reason);
    saw(2, reason);
    expect(names()).toEqual([name]);
    expect(raised.get(name)?.facts).toEqual({ targets: 2 });
    saw(1, null);
    expect(names()).toEqual([name]);
    saw(2, 'dns_servfail');
    expect(names()).toEqual([]);
  });
});

function moved(endpointId: EndpointId, url: string) {
  return [EVERY_SITE, endpointId, { url }] as const;
}
