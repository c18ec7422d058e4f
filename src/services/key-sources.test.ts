import { describe, expect, it } from 'vitest';
import { comesFrom, sourceIn } from './key-sources.ts';

describe('from where a key is taken', () => {
  it.each([
    ['10.1.2.3/8', '10.0.0.0/8'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['FD00:0::1/8', 'fd00::/8'],
    ['::1', '::1/128'],
    ['::ffff:192.0.2.7', '192.0.2.7/32'],
    ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
    ['::/0', '::/0'],
    ['10.0.0.0/33', null],
    ['010.0.0.0/8', null],
    ['edge.example', null],
    ['', null],
  ])('is a network or an address: %s', (text, written) => {
    expect(sourceIn(text)).toBe(written);
  });

  it('is told by the other end of the connection, however its address is written', () => {
    const networks = ['10.0.0.0/8', 'fe80::/10'];
    const from = (address: string | undefined) => comesFrom(networks, address);
    expect(['10.9.8.7', '::ffff:10.9.8.7', 'fe80::1%eth0'].map(from)).toEqual([true, true, true]);
    expect(['11.0.0.1', '::1', '', undefined, 'unix'].map(from)).toEqual([false, false, false, false, false]);
  });

  it('is everywhere where nothing is said, and nowhere where what is said makes no sense', () => {
    expect(comesFrom(null, undefined)).toBe(true);
    expect(comesFrom([], '10.0.0.1')).toBe(false);
    expect(comesFrom(['everywhere'], '10.0.0.1')).toBe(false);
  });
});
