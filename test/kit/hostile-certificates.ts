/** Certificates that no honest authority would issue, made at run time beside the good one they are measured against. */
import 'reflect-metadata';
import { KeyObject, X509Certificate as NodeCertificate, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonName,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import type { ServerIdentity } from './certificates.ts';

export type IdentityName = keyof typeof RECIPES;

export interface HostileAuthority {
  caPem: string;
  /** Made when it is first asked for. */
  identity(name: IdentityName): Promise<ServerIdentity>;
}

/** Names and addresses that the good certificate is for. */
const NAMES = ['*.hostile.example', 'localhost'];
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '::1'];

const EC = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const RSA_1024 = {
  name: 'RSASSA-PKCS1-v1_5',
  modulusLength: 1024,
  publicExponent: new Uint8Array([1, 0, 1]),
  hash: 'SHA-256',
} as const;
const DAY_MS = 86_400_000;

type Issued = { certificate: X509Certificate; keys: webcrypto.CryptoKeyPair };

type Order = {
  /** Attributes of the subject; a common name when it is text. */
  subject?: string | JsonName;
  names?: readonly string[];
  addresses?: readonly string[];
  notBefore?: Date;
  notAfter?: Date;
  issuer?: Issued;
  /** Makes an authority, with this many authorities allowed below it. */
  authority?: { pathLength?: number; mayNotSign?: boolean };
  usage?: string;
  more?: readonly Extension[];
  weakKey?: boolean;
};

let nextSerial = 1;

/** Each takes the trusted root and makes the chain that the server will show, the leaf first. */
const RECIPES = {
  good: async (root: Issued) => [await issue({ issuer: root })],
  expired: async (root: Issued) => [await issue({ issuer: root, notBefore: days(-60), notAfter: days(-2) })],
  notYetValid: async (root: Issued) => [await issue({ issuer: root, notBefore: days(2) })],
  wrongName: async (root: Issued) => [await issue({ issuer: root, names: ['elsewhere.example'], addresses: [] })],
  wrongAddress: async (root: Issued) => [await issue({ issuer: root, addresses: ['127.0.0.99'] })],
  /** A wildcard stands for one label, so this is not good for a name two labels below. */
  deepWildcard: async (root: Issued) => [await issue({ issuer: root, names: ['*.example'], addresses: [] })],
  partialWildcard: async (root: Issued) => [
    await issue({ issuer: root, names: lettersOf('*.hostile.example'), addresses: [] }),
  ],
  nulInName: async (root: Issued) => [
    await issue({ issuer: root, names: ['www.hostile.example\0.evil.example'], addresses: [] }),
  ],
  commonNameAlone: async (root: Issued) => [
    await issue({ issuer: root, subject: 'www.hostile.example', names: [], addresses: [] }),
  ],
  selfSigned: async () => [await issue({})],
  strangeRootSent: async () => {
    const stranger = await issue({ subject: 'Strange CA', authority: {} });
    return [await issue({ issuer: stranger }), stranger];
  },
  strangeIntermediate: async () => {
    const stranger = await issue({ subject: 'Strange CA', authority: {} });
    const between = await issue({ subject: 'Strange Intermediate', authority: {}, issuer: stranger });
    return [await issue({ issuer: between }), between];
  },
  missingIntermediate: async (root: Issued) => {
    const between = await issue({ subject: 'Forgotten Intermediate', authority: {}, issuer: root });
    return [await issue({ issuer: between })];
  },
  expiredIntermediate: async (root: Issued) => {
    const between = await issue({
      subject: 'Expired Intermediate',
      authority: {},
      issuer: root,
      notBefore: days(-60),
      notAfter: days(-2),
    });
    return [await issue({ issuer: between }), between];
  },
  issuerIsNoAuthority: async (root: Issued) => {
    const leaf = await issue({ issuer: root });
    return [await issue({ subject: 'forged', issuer: leaf }), leaf];
  },
  issuerMayNotSign: async (root: Issued) => {
    const between = await issue({ subject: 'Idle Intermediate', authority: { mayNotSign: true }, issuer: root });
    return [await issue({ issuer: between }), between];
  },
  pathTooLong: async (root: Issued) => {
    const last = await issue({ subject: 'Last Intermediate', authority: { pathLength: 0 }, issuer: root });
    const beyond = await issue({ subject: 'Beyond the Last', authority: {}, issuer: last });
    return [await issue({ issuer: beyond }), beyond, last];
  },
  outsideNameConstraint: async (root: Issued) => {
    const between = await issue({
      subject: 'Constrained Intermediate',
      authority: {},
      issuer: root,
      more: [permittedNames('elsewhere.example')],
    });
    return [await issue({ issuer: between, addresses: [] }), between];
  },
  forClientsOnly: async (root: Issued) => [await issue({ issuer: root, usage: ExtendedKeyUsage.clientAuth })],
  unknownCriticalExtension: async (root: Issued) => [
    await issue({ issuer: root, more: [new Extension('1.2.3.4.5', true, Buffer.from([0x05, 0x00]))] }),
  ],
  brokenSignature: async (root: Issued) => [withBrokenSignature(await issue({ issuer: root }))],
  weakKey: async (root: Issued) => [await issue({ issuer: root, weakKey: true })],
  /** Long, but every link of it holds. */
  deepChain: async (root: Issued) => {
    const chain = [root];
    for (let depth = 1; depth <= 12; depth++) {
      chain.unshift(await issue({ subject: `Intermediate ${depth}`, authority: {}, issuer: chain[0] ?? root }));
    }
    return [await issue({ issuer: chain[0] ?? root }), ...chain.slice(0, -1)];
  },
  paddedChain: async (root: Issued) => padded(root, 40),
  chainOverLimit: async (root: Issued) => padded(root, 400),
  thousandNames: async (root: Issued) => [
    await issue({ issuer: root, names: [...Array.from({ length: 1_000 }, (_, n) => `n${n}.other.example`), ...NAMES] }),
  ],
  longNames: async (root: Issued) => [
    await issue({
      issuer: root,
      names: [...Array.from({ length: 300 }, (_, n) => `n${n}.${`${'long-'.repeat(12)}.`.repeat(3)}example`), ...NAMES],
    }),
  ],
  hostileText: async (root: Issued) => [
    await issue({
      issuer: root,
      subject: [{ CN: [HOSTILE_TEXT] }, { O: ['\u202egnp.exe'] }],
      names: ['<script>alert(1)</script>.example', '\x1b[2J\x1b]0;owned\x07.example', 'a\r\nb.example'],
      addresses: [],
    }),
  ],
} as const satisfies Record<string, (root: Issued) => Promise<Issued[]>>;

/** What a terminal, a page or a log must never be given as it is. */
export const HOSTILE_TEXT = '<img src=x onerror=alert(1)>\x1b[2J\x1b]0;owned\x07\u202e\u2028';

export async function createHostileAuthority(): Promise<HostileAuthority> {
  const root = await issue({ subject: 'Hostile Test Root', authority: {} });
  const made = new Map<IdentityName, Promise<ServerIdentity>>();
  return {
    caPem: root.certificate.toString('pem'),
    identity(name) {
      const known = made.get(name) ?? RECIPES[name](root).then(identityOf);
      made.set(name, known);
      return known;
    },
  };
}

async function issue(order: Order): Promise<Issued> {
  const { issuer, authority, notBefore = days(-1), notAfter = days(90), subject = 'www.hostile.example' } = order;
  const keys = await createKeys(order.weakKey === true);
  const name: JsonName = typeof subject === 'string' ? [{ CN: [subject] }] : subject;
  const certificate = await X509CertificateGenerator.create({
    serialNumber: (nextSerial++).toString(16).padStart(16, '2'),
    subject: name,
    issuer: issuer?.certificate.subject ?? name,
    notBefore,
    notAfter,
    signingAlgorithm: EC,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    extensions: authority === undefined ? leafExtensions(order) : authorityExtensions(order),
  });
  return { certificate, keys };
}

function leafExtensions({
  names = NAMES,
  addresses = ADDRESSES,
  usage = ExtendedKeyUsage.serverAuth,
  more = [],
}: Order) {
  const alternatives = [
    ...names.map((value) => ({ type: 'dns' as const, value })),
    ...addresses.map((value) => ({ type: 'ip' as const, value })),
  ];
  return [
    new BasicConstraintsExtension(false),
    new ExtendedKeyUsageExtension([usage]),
    ...(alternatives.length > 0 ? [new SubjectAlternativeNameExtension(alternatives)] : []),
    ...more,
  ];
}

function authorityExtensions({ authority, more = [] }: Order) {
  const usage = authority?.mayNotSign ? KeyUsageFlags.cRLSign : KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign;
  return [
    new BasicConstraintsExtension(true, authority?.pathLength, true),
    new KeyUsagesExtension(usage, true),
    ...more,
  ];
}

function createKeys(isWeak: boolean): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = isWeak ? RSA_1024 : EC;
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']) as Promise<webcrypto.CryptoKeyPair>;
}

function identityOf(chain: readonly Issued[]): ServerIdentity {
  const [leaf] = chain;
  if (leaf === undefined) throw new TypeError('a chain has a leaf');
  const key = KeyObject.from(leaf.keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, cert: chain.map(({ certificate }) => certificate.toString('pem')).join('\n') };
}

/** Certificates behind the leaf that have nothing to do with it. */
async function padded(root: Issued, count: number): Promise<Issued[]> {
  const padding = await issue({ subject: 'Padding', authority: {}, issuer: root });
  return [await issue({ issuer: root }), ...Array.from({ length: count }, () => padding)];
}

/** The signature is the last of a certificate: its last byte belongs to a number that any change makes wrong. */
function withBrokenSignature({ certificate, keys }: Issued): Issued {
  const der = Buffer.from(certificate.rawData);
  der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
  return { certificate: new X509Certificate(new NodeCertificate(der).raw), keys };
}

/** RFC 5280 section 4.2.1.10: names below must lie within this domain. */
function permittedNames(domain: string): Extension {
  const base = tlv(0x82, Buffer.from(domain, 'latin1'));
  return new Extension('2.5.29.30', true, tlv(0x30, tlv(0xa0, tlv(0x30, base))));
}

function tlv(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag, value.length]), value]);
}

/** One pattern per first letter, so that a partial wildcard would match whatever name is drawn. */
function lettersOf(pattern: string): string[] {
  return Array.from({ length: 26 }, (_, n) => String.fromCharCode(97 + n) + pattern);
}

function days(count: number): Date {
  return new Date(Date.now() + count * DAY_MS);
}
