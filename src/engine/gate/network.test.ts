import { describe, expect, it } from 'vitest';
import { networkOf, networkOfSite, scopeOf } from './network.ts';

describe('the network of an address', () => {
  it('is its IPv4 /16 or its IPv6 /32', () => {
    expect(networkOf('93.184.1.1')).toBe(networkOf('93.184.255.9'));
    expect(networkOf('93.184.1.1')).not.toBe(networkOf('93.185.1.1'));
    expect(networkOf('2a00:1450:1::1')).toBe(networkOf('2a00:1450:ffff::9'));
    expect(networkOf('2a00:1450::1')).not.toBe(networkOf('2a00:1451::1'));
  });

  it('is the same however the address is written', () => {
    expect(networkOf('::ffff:93.184.1.1')).toBe(networkOf('93.184.1.1'));
  });

  it('is none where there is no address', () => {
    expect([networkOf(null), networkOf(''), networkOf('example.org')]).toEqual([null, null, null]);
  });

  it('tells IPv4, IPv6 and what is near', () => {
    const scopes = ['93.184.1.1', '0.1.2.3', '2a00:1450::1', '10.1.2.3', '127.0.0.1', '::1', 'fd00::1'].map((text) =>
      scopeOf(networkOf(text) ?? Number.NaN),
    );
    expect(scopes).toEqual(['ipv4', 'near', 'ipv6', 'near', 'near', 'near', 'near']);
  });

  it('of a site without address is its own', () => {
    expect(networkOfSite(1n)).not.toBe(networkOfSite(2n));
    expect(networkOfSite(1n)).toBeGreaterThan(networkOf('ffff:ffff::1') ?? Number.NaN);
  });
});
