/**
 * Leaf certificates that were found good for a host, so that the next handshake with the same one need not read it
 * again: reading it costs a tenth of a whole check. The chain is verified by OpenSSL at every handshake all the same.
 */
import { hash } from 'node:crypto';
import { type Element, readElement } from './der.ts';

export type KnownLeaf = {
  notBeforeMs: number;
  notAfterMs: number;
  /** What stood above it when it was found good, DER, from its issuer up. For evidence alone. */
  issuers: readonly Buffer[];
};

export interface KnownLeaves {
  /** A leaf, DER, that is known to be good for the host; null for one that must be read. */
  find(host: string, der: Buffer): KnownLeaf | null;
  remember(host: string, der: Buffer, known: KnownLeaf): void;
}

/** Some 200 bytes each. */
const MAX_HOSTS = 50_000;

export function createKnownLeaves(maxHosts = MAX_HOSTS): KnownLeaves {
  const hosts = new Map<string, KnownLeaf & { digest: string }>();
  const chains = createSharedChains();
  return {
    find(host, der) {
      const known = hosts.get(host);
      return known !== undefined && known.digest === digestOf(der) ? known : null;
    },
    remember(host, der, { notBeforeMs, notAfterMs, issuers }) {
      hosts.delete(host);
      const oldest = hosts.size >= maxHosts ? hosts.keys().next().value : undefined;
      if (oldest !== undefined) hosts.delete(oldest);
      hosts.set(host, { notBeforeMs, notAfterMs, issuers: chains(issuers), digest: digestOf(der) });
    },
  };
}

/** Few authorities sign for most of the web: hosts share what stands above them. */
const MAX_CHAINS = 1_000;
const MAX_CHAIN_BYTES = 16_384;

function createSharedChains(): (issuers: readonly Buffer[]) => readonly Buffer[] {
  const chains = new Map<string, readonly Buffer[]>();
  return (issuers) => {
    if (issuers.reduce((sum, { length }) => sum + length, 0) > MAX_CHAIN_BYTES) return [];
    const digest = digestOf(Buffer.concat(issuers));
    const shared = chains.get(digest) ?? issuers;
    if (chains.size < MAX_CHAINS) chains.set(digest, shared);
    return shared;
  };
}

function digestOf(der: Buffer): string {
  return hash('sha256', der, 'base64');
}

const SEQUENCE = 0x30;
/** The leaf is the member with the explicit context tag 3 of the session that OpenSSL serializes (d2i_SSL_SESSION). */
const PEER_CERTIFICATE = 0xa3;

/**
 * The leaf certificate, DER, within a session as `tlsSocket.getSession()` returns it; null when there is none where
 * OpenSSL puts it. Much cheaper than an X509Certificate object, which brings the whole chain along.
 */
export function leafOfSession(session: Buffer): Buffer | null {
  const whole = wholeSession(session);
  if (whole === null) return null;
  for (let at = whole.start; at < whole.end; ) {
    const element = readElement(session, at);
    if (element === null || element.end > whole.end) return null;
    if (element.tag === PEER_CERTIFICATE) {
      const leaf = readElement(session, element.start);
      return leaf?.tag === SEQUENCE && leaf.end === element.end ? session.subarray(element.start, element.end) : null;
    }
    at = element.end;
  }
  return null;
}

/** What OpenSSL serialized fills the end; some versions of Node put a label of their own in front of it. */
const MAX_LABEL_BYTES = 512;

function wholeSession(session: Buffer): Element | null {
  for (let at = session.indexOf(SEQUENCE); at !== -1 && at < MAX_LABEL_BYTES; at = session.indexOf(SEQUENCE, at + 1)) {
    const element = readElement(session, at);
    if (element?.end === session.length) return element;
  }
  return null;
}
