import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority } from '../../test/kit/certificates.ts';
import { describeChain, identityError } from './certificate.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await createAuthority('Leaf Test CA');
});

async function leaf(options: Parameters<Authority['issue']>[0]): Promise<X509Certificate> {
  return new X509Certificate((await authority.issue(options)).cert);
}

describe('the names of a leaf', () => {
  it('are host names and addresses, in order', async () => {
    const certificate = await leaf({ names: ['a.test', '*.b.test'], addresses: ['192.0.2.1'] });
    expect(describeChain(certificate, [])[0]?.names).toEqual(['a.test', '*.b.test', '192.0.2.1']);
  });

  it('cannot be forged by one that holds a comma', async () => {
    const certificate = await leaf({ names: ['evil.test, DNS:bank.test', 'last.test'] });
    const names = describeChain(certificate, [])[0]?.names;
    expect(names).toHaveLength(2);
    expect(names).not.toContain('bank.test');
    expect(names).toContain('last.test');
    expect(identityError(certificate, 'bank.test')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('are a hundred at most', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `n${index}.test`);
    expect(describeChain(await leaf({ names }), [])[0]?.names).toEqual(names.slice(0, 100));
  });

  it('may be none', async () => {
    const certificate = await leaf({});
    expect(describeChain(certificate, [])).toMatchObject([{ names: [], subject: 'CN=nobody' }]);
    expect(identityError(certificate, 'nobody')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });
});

describe('the identity of a leaf', () => {
  it.each([
    ['a.test', null],
    ['A.TEST', null],
    ['x.b.test', null],
    ['b.test', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['192.0.2.1', null],
    ['192.0.2.2', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['2001:db8::1', null],
  ])('for %s is %s', async (host, error) => {
    const certificate = await leaf({ names: ['a.test', '*.b.test'], addresses: ['192.0.2.1', '2001:db8::1'] });
    expect(identityError(certificate, host)).toBe(error);
  });
});
