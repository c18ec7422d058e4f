/**
 * A certificate that nobody vouches for, made at the start and good for a day: RSA 2048, for localhost and the loopback
 * addresses. Written in DER by hand (RFC 5280), because Node reads certificates and makes none.
 */
import { generateKeyPair, randomBytes, sign } from 'node:crypto';
import { promisify } from 'node:util';

export type TestIdentity = { key: string; cert: string };

const DAY_MS = 86_400_000;
/** Clocks of those who ask may be behind ours. */
const BEFORE_MS = 60_000;

const SEQUENCE = 0x30;
const SHA256_WITH_RSA = sequence(oid('2a864886f70d01010b'), tagged(0x05));
const NAME = sequence(tagged(0x31, sequence(oid('550403'), tagged(0x0c, Buffer.from('jetmon2 testsite')))));

export async function selfSignedIdentity(nowMs: number): Promise<TestIdentity> {
  const keys = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const body = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.concat([Buffer.of(1), randomBytes(15)])),
    SHA256_WITH_RSA,
    NAME,
    sequence(time(nowMs - BEFORE_MS), time(nowMs + DAY_MS)),
    NAME,
    keys.publicKey,
    tagged(0xa3, sequence(extension('551d13', sequence()), extension('551d11', alternativeNames()))),
  );
  const signature = sign('sha256', body, keys.privateKey);
  const der = sequence(body, SHA256_WITH_RSA, tagged(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const cert = ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
  return { key: keys.privateKey, cert };
}

function alternativeNames(): Buffer {
  const loopback6 = Buffer.alloc(16);
  loopback6[15] = 1;
  return sequence(
    tagged(0x82, Buffer.from('localhost')),
    tagged(0x87, Buffer.of(127, 0, 0, 1)),
    tagged(0x87, loopback6),
  );
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(oid(id), tagged(0x04, value));
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

/** UTCTime, which lasts until 2049. */
function time(ms: number): Buffer {
  const text = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tagged(0x17, Buffer.from(text.slice(2)));
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(SEQUENCE, ...parts);
}

function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), lengthOf(content.length), content]);
}

function lengthOf(length: number): Buffer {
  if (length < 128) return Buffer.of(length);
  return length < 256 ? Buffer.of(0x81, length) : Buffer.of(0x82, length >> 8, length & 0xff);
}
