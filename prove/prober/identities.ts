/** Certificate chains for the targets: root, intermediate, and a leaf of its own for each host, made anew in each run. */
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

export type KeyKind = 'rsa' | 'ecdsa';

/** PEM texts; `cert` holds the leaf and the intermediate. */
export type HostIdentity = { host: string; key: string; cert: string };

export type Identities = { caPem: string; hosts: HostIdentity[] };

const ALGORITHMS = {
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
    hash: 'SHA-256',
  },
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const;

const DAY_MS = 86_400_000;

type Issuer = { subject: string; keys: webcrypto.CryptoKeyPair };

export async function createIdentities(kind: KeyKind, hosts: readonly string[]): Promise<Identities> {
  // One key for all leaves: what a handshake costs does not depend on whose it is.
  const [rootKeys, betweenKeys, leafKeys] = await Promise.all([createKeys(kind), createKeys(kind), createKeys(kind)]);
  const root: Issuer = { subject: 'CN=Prove Root', keys: rootKeys };
  const between: Issuer = { subject: 'CN=Prove Intermediate', keys: betweenKeys };
  let serial = 0;
  const issue = (subject: string, keys: webcrypto.CryptoKeyPair, issuer: Issuer, extensions: Extension[]) => {
    serial += 1;
    return X509CertificateGenerator.create({
      serialNumber: serial.toString(16).padStart(16, '1'),
      subject,
      issuer: issuer.subject,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 90 * DAY_MS),
      signingAlgorithm: ALGORITHMS[kind],
      publicKey: keys.publicKey,
      signingKey: issuer.keys.privateKey,
      extensions,
    });
  };
  const rootCertificate = await issue(root.subject, rootKeys, root, authorityExtensions());
  const betweenCertificate = await issue(between.subject, betweenKeys, root, authorityExtensions());
  const key = KeyObject.from(leafKeys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  const identities: HostIdentity[] = [];
  for (const host of hosts) {
    const leaf = await issue('CN=Prove Leaf', leafKeys, between, leafExtensions(host));
    identities.push({ host, key, cert: pemOf(leaf, betweenCertificate) });
  }
  return { caPem: pemOf(rootCertificate), hosts: identities };
}

function createKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHMS[kind], true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

function authorityExtensions(): Extension[] {
  return [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ];
}

function leafExtensions(host: string): Extension[] {
  return [
    new BasicConstraintsExtension(false),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension([{ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }]),
  ];
}

function pemOf(...certificates: X509Certificate[]): string {
  return certificates.map((certificate) => `${certificate.toString('pem')}\n`).join('');
}
