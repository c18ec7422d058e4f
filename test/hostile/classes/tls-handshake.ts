/** Servers that break TLS itself: before, in the middle of and after the handshake. */
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Talk } from '../../kit/talk.ts';
import type { Outgoing, TlsScript } from '../../kit/tls-tap.ts';
import type { Draw } from '../draw.ts';
import { at, down, type Expected, type HostileClass, up } from '../hostile-class.ts';
import { okPage } from './reply.ts';

const fine = up({ httpCode: 200 });
const notSpoken = down('tls_not_spoken', at('tls', 'ERR_SSL_WRONG_VERSION_NUMBER'));
const brokenOff = down('tls_failed', at('tls', 'ECONNRESET'));
const SILENCE_MS = 600;

function failed(...codes: string[]): Expected {
  return down('tls_failed', at('tls', ...codes));
}

/** Plays on the TCP connection when the client's hello has come. */
function onHello(id: string, what: string, expected: Expected, play: (talk: Talk, draw: Draw) => void): HostileClass {
  return {
    id,
    family: 'tls',
    what,
    expected,
    serve: async (draw) => {
      const port = await draw.listen((talk) => void talk.stream.once('data', () => play(talk, draw)));
      return `https://127.0.0.1:${port}/`;
    },
  };
}

/** Shakes hands as TLS 1.2, where the server's first flight holds its certificate, and meddles with what is sent. */
function meddling(id: string, what: string, expected: Expected, outgoing: (draw: Draw) => Outgoing): HostileClass {
  return {
    id,
    family: 'tls',
    what,
    expected,
    serve: (draw) =>
      draw.securePage('good', (talk) => talk.end(okPage()), { maxVersion: 'TLSv1.2', outgoing: outgoing(draw) }),
  };
}

/** Plays under TLS once a request was read: what comes instead of a reply. */
function after(
  id: string,
  what: string,
  expected: Expected,
  play: (talk: Talk, draw: Draw) => void,
  script: TlsScript = {},
): HostileClass {
  return {
    id,
    family: 'tls',
    what,
    expected,
    serve: (draw) => draw.securePage('good', (talk) => play(talk, draw), script),
  };
}

/** Passes on so many bytes, then does something else once. */
function cutAt(bytes: number, then: (raw: Socket) => void): Outgoing {
  return (piece, raw, sentBefore) => {
    if (sentBefore > 0 && sentBefore >= bytes) return;
    const passed = piece.subarray(0, bytes - sentBefore);
    const isLast = sentBefore + piece.length >= bytes;
    raw.write(passed, () => isLast && then(raw));
  };
}

const ALERT_FATAL = 2;
function alert(description: number): Buffer {
  return Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, ALERT_FATAL, description]);
}

/** A ServerHello of TLS 1.2 without extensions (RFC 5246 section 7.4.1.3). */
function serverHello(version: number, cipher: number, compression: number): Buffer {
  const body = Buffer.concat([
    uint16(version),
    Buffer.alloc(32, 7),
    Buffer.from([0]),
    uint16(cipher),
    Buffer.from([compression]),
  ]);
  const handshake = Buffer.concat([Buffer.from([2, 0]), uint16(body.length), body]);
  return Buffer.concat([Buffer.from([0x16, 0x03, 0x03]), uint16(handshake.length), handshake]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

const TLS12 = 0x0303;
const ECDHE_ECDSA_AES128_GCM = 0xc02b;

/** What is sent, and how OpenSSL names it; the last one means nothing. */
const ALERTS: readonly [description: number, ...codes: string[]][] = [
  [40, 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'],
  [70, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'],
  [80, 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'],
  [112, 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME'],
  [200],
];

export const HANDSHAKE_CLASSES: HostileClass[] = [
  onHello('tls-not-spoken', 'speaks another protocol where TLS is spoken', notSpoken, (talk, { random }) => {
    const noRecord = Buffer.concat([Buffer.from([0x80, 0xff, 0xee]), random.bytes(random.int(20, 400))]);
    talk.end(random.pick(['HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n', '220 mail ESMTP\r\n', noRecord]));
  }),
  onHello(
    'garbage-handshake',
    'sends a TLS record with garbage in it',
    failed('ERR_SSL_UNEXPECTED_MESSAGE', 'ERR_SSL_BAD_MESSAGE_TYPE'),
    (talk, { random }) => {
      const garbage = Buffer.concat([Buffer.from([0xfe]), random.bytes(random.int(4, 99))]);
      talk.end(Buffer.concat([Buffer.from([0x16, 0x03, 0x03]), uint16(garbage.length), garbage]));
    },
  ),
  onHello(
    'record-too-long',
    'announces a TLS record longer than one may be',
    failed('ERR_SSL_PACKET_LENGTH_TOO_LONG', 'ERR_SSL_DATA_LENGTH_TOO_LONG'),
    (talk, { random }) => talk.end(Buffer.concat([Buffer.from([0x16, 0x03, 0x03, 0xff, 0xff]), random.bytes(99)])),
  ),
  onHello(
    'application-data-first',
    'sends data before any handshake',
    failed('ERR_SSL_UNEXPECTED_MESSAGE', 'ERR_SSL_APP_DATA_IN_HANDSHAKE'),
    (talk, { random }) => talk.end(Buffer.concat([Buffer.from([0x17, 0x03, 0x03, 0x00, 0x20]), random.bytes(32)])),
  ),
  onHello(
    'version-not-offered',
    'chooses SSL 3',
    failed('ERR_SSL_UNSUPPORTED_PROTOCOL', 'ERR_SSL_WRONG_SSL_VERSION'),
    (talk) => talk.send(serverHello(0x0300, ECDHE_ECDSA_AES128_GCM, 0)),
  ),
  onHello(
    'cipher-not-offered',
    'chooses a cipher that was not offered',
    failed('ERR_SSL_WRONG_CIPHER_RETURNED', 'ERR_SSL_UNKNOWN_CIPHER_RETURNED'),
    (talk, { random }) => talk.send(serverHello(TLS12, random.pick([0x0000, 0x0004, 0x00ff, 0x1399]), 0)),
  ),
  onHello(
    'compression-chosen',
    'chooses a compression that was not offered',
    failed('ERR_SSL_UNSUPPORTED_COMPRESSION_ALGORITHM', 'ERR_SSL_COMPRESSION_DISABLED'),
    (talk) => talk.send(serverHello(TLS12, ECDHE_ECDSA_AES128_GCM, 1)),
  ),
  onHello('alert', 'answers the hello with an alert', down('tls_failed'), (talk, { random, expect }) => {
    const [description, ...codes] = random.pick(ALERTS);
    expect(codes.length > 0 ? failed(...codes) : down('tls_failed'));
    talk.end(alert(description));
  }),
  onHello('alert-close-notify', 'says goodbye instead of hello', down('tls_failed'), (talk) =>
    talk.end(Buffer.from([0x15, 3, 3, 0, 2, 1, 0])),
  ),
  onHello('alert-flood', 'sends warnings without end', down('tls_failed'), (talk) =>
    talk.flood(() => Buffer.from([0x15, 3, 3, 0, 2, 1, 90]).toString('latin1').repeat(1_000)),
  ),
  meddling('ends-in-handshake', 'ends the connection before the handshake is done', brokenOff, ({ random }) =>
    cutAt(random.pick([0, random.int(1, 600)]), (raw) => raw.end()),
  ),
  meddling('resets-in-handshake', 'resets the connection before the handshake is done', brokenOff, ({ random }) =>
    cutAt(random.pick([0, random.int(1, 600)]), (raw) => raw.resetAndDestroy()),
  ),
  {
    ...meddling(
      'silent-in-handshake',
      'falls silent before the handshake is done',
      down('tls_timeout', at('tls', 'DEADLINE')),
      ({ random }) => cutAt(random.pick([0, random.int(1, 600)]), () => {}),
    ),
    timeoutMs: SILENCE_MS,
  },
  {
    ...meddling(
      'drip-handshake',
      'sends its handshake byte by byte, too slowly',
      down('tls_timeout', at('tls', 'DEADLINE')),
      ({ timeoutMs }) => dripping(timeoutMs / 200),
    ),
    timeoutMs: SILENCE_MS,
  },
  meddling('handshake-in-pieces', 'sends its handshake in pieces of a few bytes, in time', fine, ({ random }) => {
    const size = random.int(7, 60);
    return (bytes, raw) => {
      for (let from = 0; from < bytes.length; from += size) raw.write(bytes.subarray(from, from + size));
    };
  }),
  meddling(
    'forged-signature',
    'changes a bit in the signature of its key exchange',
    down('tls_failed', null),
    () => (bytes, raw, sentBefore) => {
      const forged = Buffer.from(bytes);
      // The first flight ends with ServerKeyExchange and a ServerHelloDone record of nine bytes.
      if (sentBefore === 0) forged.writeUInt8((forged[forged.length - 10] ?? 0) ^ 1, forged.length - 10);
      raw.write(forged);
    },
  ),
  after(
    'no-shared-cipher',
    'knows no cipher that we know',
    failed('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'),
    (talk) => talk.end(okPage()),
    {
      maxVersion: 'TLSv1.2',
      ciphers: 'AECDH-AES256-SHA:@SECLEVEL=0',
    },
  ),
  after(
    'no-shared-protocol',
    'speaks no HTTP that we speak',
    failed('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL'),
    (talk) => talk.end(okPage()),
    { ALPNProtocols: ['spdy/1'] },
  ),
  after(
    'wants-client-certificate',
    'wants a certificate of us, in the handshake',
    failed('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'),
    (talk) => talk.end(okPage()),
    {
      maxVersion: 'TLSv1.2',
      requestCert: true,
      rejectUnauthorized: true,
    },
  ),
  after(
    'wants-client-certificate-later',
    'wants a certificate of us, after the handshake',
    failed('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'),
    (talk) => talk.end(okPage()),
    {
      minVersion: 'TLSv1.3',
      requestCert: true,
      rejectUnauthorized: true,
    },
  ),
  after(
    'may-have-client-certificate',
    'would like a certificate of us and does without',
    fine,
    (talk) => talk.end(okPage()),
    { requestCert: true, rejectUnauthorized: false },
  ),
  after(
    'renegotiates',
    'starts a new handshake before it answers',
    fine,
    (talk) => {
      const renegotiated = (talk.stream as TLSSocket).renegotiate({}, () => talk.end(okPage()));
      if (renegotiated === false) talk.end(okPage());
    },
    { maxVersion: 'TLSv1.2' },
  ),
  after(
    'garbage-instead-of-reply',
    'sends bytes that are no TLS record instead of a reply',
    failed('ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_BAD_RECORD_TYPE'),
    ({ raw }, { random }) => void raw.end(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n'), random.bytes(99)])),
  ),
  after(
    'forged-record',
    'sends a record that was not encrypted with the key',
    failed('ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC', 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC'),
    ({ raw }, { random }) =>
      void raw.write(Buffer.concat([Buffer.from([0x17, 0x03, 0x03, 0x00, 0x40]), random.bytes(64)])),
  ),
  after(
    'forged-record-in-body',
    'sends a forged record in the middle of the body',
    down('body_truncated'),
    (talk, { random }) => {
      talk.send('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhello');
      setImmediate(() =>
        talk.raw.write(Buffer.concat([Buffer.from([0x17, 0x03, 0x03, 0x00, 0x40]), random.bytes(64)])),
      );
    },
  ),
  after(
    'tls-reset-in-body',
    'resets the TCP connection under an encrypted body',
    down('body_truncated', at('body', 'ECONNRESET')),
    (talk, { random }) => {
      talk.send(`HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n${random.word(random.int(0, 900))}`);
      talk.later(20, () => talk.raw.resetAndDestroy());
    },
  ),
  after('no-goodbye-after-length', 'ends the connection without TLS saying so, after a whole reply', fine, (talk) =>
    endWithoutGoodbye(talk, okPage()),
  ),
  after(
    'no-goodbye-at-end',
    'ends the connection without TLS saying so, where its end ends the body',
    fine,
    (talk, { random }) =>
      endWithoutGoodbye(talk, Buffer.from(`HTTP/1.0 200 OK\r\n\r\n${random.word(random.int(1, 900))}`)),
  ),
  after(
    'no-goodbye-in-body',
    'ends the connection without TLS saying so, inside the body',
    down('body_truncated', at('body', 'TRUNCATED')),
    (talk) => endWithoutGoodbye(talk, Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nhello')),
  ),
  {
    ...after(
      'tls-silent-after-request',
      'shakes hands, takes the request and says nothing',
      down('http_timeout', at('http', 'DEADLINE')),
      () => {},
    ),
    timeoutMs: 900,
  },
];

function endWithoutGoodbye(talk: Talk, bytes: Buffer): void {
  talk.stream.write(bytes, () => setImmediate(() => talk.raw.end()));
}

/** One byte at a time; the timer ends with the connection. */
function dripping(everyMs: number): Outgoing {
  const waiting: number[] = [];
  let timer: NodeJS.Timeout | null = null;
  return (bytes, raw) => {
    waiting.push(...bytes);
    timer ??= setInterval(() => {
      const byte = waiting.shift();
      if (byte !== undefined) raw.write(Buffer.from([byte]));
    }, everyMs);
    const running = timer;
    raw.once('close', () => clearInterval(running));
  };
}
