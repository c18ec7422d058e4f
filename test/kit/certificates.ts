/** A private certificate authority and leaves of every quality, made at run time: no key is ever committed. */
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM texts, as node:tls takes them. */
export type ServerIdentity = { key: string; cert: string };

export type LeafOptions = {
  names?: string[];
  addresses?: string[];
  notBefore?: Date;
  notAfter?: Date;
  /** Whom it proves; a server unless it says otherwise. */
  role?: 'server' | 'client';
};

export interface Authority {
  caPem: string;
  issue(options: LeafOptions): Promise<ServerIdentity>;
}

export type TestCertificates = {
  caPem: string;
  authority: Authority;
  /** For localhost, *.site.localhost, 127.0.0.1 and ::1. */
  good: ServerIdentity;
  wrongHost: ServerIdentity;
  expired: ServerIdentity;
  notYetValid: ServerIdentity;
  selfSigned: ServerIdentity;
  /** From an authority nobody trusts, which is not sent along. */
  untrusted: ServerIdentity;
};

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const LOOPBACK = { names: ['localhost', '*.site.localhost'], addresses: ['127.0.0.1', '::1'] };

let nextSerial = 1;

export async function createTestCertificates(): Promise<TestCertificates> {
  const [authority, stranger] = await Promise.all([createAuthority('Jetmon Test CA'), createAuthority('Strange CA')]);
  return {
    caPem: authority.caPem,
    authority,
    good: await authority.issue(LOOPBACK),
    wrongHost: await authority.issue({ names: ['elsewhere.example'] }),
    expired: await authority.issue({ ...LOOPBACK, notBefore: daysFromNow(-60), notAfter: daysFromNow(-2) }),
    notYetValid: await authority.issue({ ...LOOPBACK, notBefore: daysFromNow(2), notAfter: daysFromNow(60) }),
    selfSigned: await selfSigned(LOOPBACK),
    untrusted: await stranger.issue(LOOPBACK),
  };
}

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...baseOf({}),
    name: `CN=${name}`,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    caPem: certificate.toString('pem'),
    async issue(options) {
      const leafKeys = await createKeys();
      const leaf = await X509CertificateGenerator.create({
        ...baseOf(options),
        subject: subjectOf(options),
        issuer: certificate.subject,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        extensions: leafExtensions(options),
      });
      return identityOf(leaf, leafKeys);
    },
  };
}

async function selfSigned(options: LeafOptions): Promise<ServerIdentity> {
  const keys = await createKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...baseOf(options),
    name: subjectOf(options),
    keys,
    extensions: leafExtensions(options),
  });
  return identityOf(certificate, keys);
}

function baseOf({ notBefore = daysFromNow(-1), notAfter = daysFromNow(90) }: LeafOptions) {
  const serialNumber = (nextSerial++).toString(16).padStart(16, '1');
  return { serialNumber, notBefore, notAfter, signingAlgorithm: ALGORITHM };
}

function subjectOf({ names = [], addresses = [] }: LeafOptions): string {
  return `CN=${names[0] ?? addresses[0] ?? 'nobody'}`;
}

function leafExtensions({ names = [], addresses = [], role = 'server' }: LeafOptions) {
  const alternatives = [
    ...names.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new BasicConstraintsExtension(false),
    new ExtendedKeyUsageExtension([role === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth]),
    ...(alternatives.length > 0 ? [new SubjectAlternativeNameExtension(alternatives)] : []),
  ];
}

function createKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

function identityOf(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair): ServerIdentity {
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, cert: certificate.toString('pem') };
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * DAY_MS);
}
