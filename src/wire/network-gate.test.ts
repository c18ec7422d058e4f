import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createNetworkGate, type NetworkGate, type Precedence } from './network-gate.ts';

function gateOf(perHost: number, perNetwork: number): NetworkGate {
  const gate = createNetworkGate({ perHost, perNetwork });
  if (gate === null) throw new Error('nothing is limited');
  return gate;
}

function enterOrWait(gate: NetworkGate, address: string, enter: () => void): void {
  if (gate.enter(address)) enter();
  else gate.wait(address, enter);
}

describe('the gate', () => {
  it('is not there where nothing is limited', () => {
    expect(createNetworkGate({ perHost: 0, perNetwork: 0 })).toBeNull();
  });

  it('lets so many in per address, and the next in order when one leaves', () => {
    const gate = gateOf(2, 0);
    const entered: number[] = [];
    for (const guest of [1, 2, 3, 4]) enterOrWait(gate, '192.0.2.1', () => entered.push(guest));
    enterOrWait(gate, '192.0.2.2', () => entered.push(5));
    expect(entered).toEqual([1, 2, 5]);
    expect(gate.waiting()).toBe(2);
    gate.release('192.0.2.1');
    expect(entered).toEqual([1, 2, 5, 3]);
    gate.release('192.0.2.1');
    expect(entered).toEqual([1, 2, 5, 3, 4]);
    expect(gate.waiting()).toBe(0);
  });

  it.each([
    ['192.0.2.1', '192.0.2.254', '192.0.3.1'],
    ['2001:db8:1::1', '2001:db8:1:ffff::2', '2001:db8:2::1'],
  ])('counts %s and %s as one network, and %s as another', (one, neighbour, stranger) => {
    const gate = gateOf(0, 1);
    const entered: string[] = [];
    for (const address of [one, neighbour, stranger]) enterOrWait(gate, address, () => entered.push(address));
    expect(entered).toEqual([one, stranger]);
    gate.release(one);
    expect(entered).toEqual([one, stranger, neighbour]);
  });

  it('lets those in first whose failure is being confirmed, and those that are known to be down last, but at each fourth place', () => {
    const gate = gateOf(1, 1);
    const entered: string[] = [];
    const come = (guest: string, precedence: Precedence) => {
      if (gate.enter('192.0.2.1')) entered.push(guest);
      else gate.wait('192.0.2.1', () => entered.push(guest), precedence);
    };
    come('last 1', 'last');
    come('last 2', 'last');
    come('usual 1', null);
    come('first 1', 'first');
    come('usual 2', null);
    come('first 2', 'first');
    for (let left = 0; left < 6; left += 1) gate.release('192.0.2.1');
    expect(entered).toEqual(['last 1', 'first 1', 'first 2', 'usual 1', 'last 2', 'usual 2']);
    expect(gate.waiting()).toBe(0);
  });

  it('forgets who leaves, wherever they wait, and gives their place to the next', () => {
    const gate = gateOf(1, 2);
    const entered: string[] = [];
    const come = (guest: string, address: string) => {
      if (!gate.enter(address)) return gate.wait(address, () => entered.push(guest));
      entered.push(guest);
      return () => {};
    };
    come('a', '192.0.2.1');
    come('b', '192.0.2.2');
    const leaveNetwork = come('c', '192.0.2.3');
    const leaveHost = come('d', '192.0.2.1');
    come('e', '192.0.2.3');
    expect([entered, gate.waiting()]).toEqual([['a', 'b'], 3]);
    leaveHost();
    leaveNetwork();
    leaveNetwork();
    expect(gate.waiting()).toBe(1);
    gate.release('192.0.2.1');
    expect([entered, gate.waiting()]).toEqual([['a', 'b', 'e'], 0]);
    for (const address of ['192.0.2.2', '192.0.2.3']) gate.release(address);
    for (const guest of ['f', 'g']) come(guest, '192.0.2.3');
    expect([entered, gate.waiting()]).toEqual([['a', 'b', 'e', 'f'], 1]);
  });

  it('keeps nobody of a network waiting for a host that is full', () => {
    const gate = gateOf(1, 2);
    const entered: string[] = [];
    for (const guest of ['a1', 'a2', 'a3']) enterOrWait(gate, '192.0.2.1', () => entered.push(guest));
    enterOrWait(gate, '192.0.2.2', () => entered.push('b'));
    expect(entered).toEqual(['a1', 'b']);
  });

  it('never has more inside than its limits, and lets everybody in at last', () => {
    const address = fc.integer({ min: 0, max: 2 }).chain((net) => fc.constantFrom(`10.0.${net}.1`, `10.0.${net}.2`));
    fc.assert(
      fc.property(
        fc.array(address),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        (all, host, net) => {
          const gate = gateOf(host, net);
          const inside: string[] = [];
          let entered = 0;
          const count = (prefix: string) => inside.filter((one) => one.startsWith(prefix)).length;
          for (const one of all) {
            enterOrWait(gate, one, () => {
              entered += 1;
              inside.push(one);
              expect(count(one)).toBeLessThanOrEqual(host);
              expect(count(one.slice(0, -1))).toBeLessThanOrEqual(net);
            });
          }
          for (let next = inside.shift(); next !== undefined; next = inside.shift()) gate.release(next);
          expect(entered).toBe(all.length);
          expect(gate.waiting()).toBe(0);
        },
      ),
    );
  });
});
