/**
 * Leaf certificates that were found good for a host, so that the next handshake with the same one need not read it
 * again: reading it costs a tenth of a whole check. The chain is verified by OpenSSL at every handshake all the same.
 */
import { hash } from 'node:crypto';
import { type Element, readElement } from './der.ts';

export type LeafDates = { notBeforeMs: number; notAfterMs: number };

export interface KnownLeaves {
  /** The dates of a leaf, DER, that is known to be good for the host; null for one that must be read. */
  datesOf(host: string, der: Buffer): LeafDates | null;
  remember(host: string, der: Buffer, dates: LeafDates): void;
}

/** Some 200 bytes each. */
const MAX_HOSTS = 50_000;

export function createKnownLeaves(maxHosts = MAX_HOSTS): KnownLeaves {
  const hosts = new Map<string, LeafDates & { digest: string }>();
  return {
    datesOf(host, der) {
      const known = hosts.get(host);
      return known !== undefined && known.digest === digestOf(der) ? known : null;
    },
    remember(host, der, dates) {
      hosts.delete(host);
      const oldest = hosts.size >= maxHosts ? hosts.keys().next().value : undefined;
      if (oldest !== undefined) hosts.delete(oldest);
      hosts.set(host, { ...dates, digest: digestOf(der) });
    },
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
