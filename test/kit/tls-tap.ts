/** TLS spoken over a TCP socket that stays in our hands, so that a script can cut, hold or forge what TLS writes. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import {
  createSecureContext,
  createServer,
  type SecureContext,
  type Server,
  TLSSocket,
  type TlsOptions,
} from 'node:tls';

/** Takes what TLS wants to send; `sentBefore` counts the bytes it was given earlier on this connection. */
export type Outgoing = (bytes: Buffer, raw: Socket, sentBefore: number) => void;

export type TlsScript = TlsOptions & {
  outgoing?: Outgoing;
  /** DER of the OCSP response to staple for who asks. */
  ocspStaple?: Buffer;
};

/** Shakes hands on a TCP connection that was just accepted; calls back when it is done, never when it fails. */
export type AcceptTls = (raw: Socket, onSecure: (socket: TLSSocket) => void) => void;

export function createTlsAcceptor(script: TlsScript): AcceptTls {
  const { outgoing, ocspStaple, ...options } = script;
  const secureContext: SecureContext = createSecureContext(options);
  // Listens nowhere: stapling is asked of a server.
  const server: Server = createServer(options);
  server.on('OCSPRequest', (_certificate, _issuer, answer) => answer(null, ocspStaple ?? Buffer.alloc(0)));
  return (raw, onSecure) => {
    const socket = new TLSSocket(outgoing === undefined ? raw : tap(raw, outgoing), {
      isServer: true,
      secureContext,
      ...(ocspStaple === undefined ? {} : { server }),
      ...(options.ALPNProtocols === undefined ? {} : { ALPNProtocols: options.ALPNProtocols as string[] }),
      requestCert: options.requestCert ?? false,
      rejectUnauthorized: options.rejectUnauthorized ?? false,
    });
    // A prober hangs up on what it does not like; that is no error of the server.
    socket.on('error', () => {});
    socket.on('secure', () => onSecure(socket));
  };
}

function tap(raw: Socket, outgoing: Outgoing): Duplex {
  let sent = 0;
  const stream = new Duplex({
    read: () => void raw.resume(),
    write(bytes: Buffer, _encoding, done) {
      outgoing(bytes, raw, sent);
      sent += bytes.length;
      if (raw.destroyed || !raw.writableNeedDrain) done();
      else afterDrain(raw, done);
    },
    final(done) {
      raw.end();
      done();
    },
  });
  raw.on('data', (bytes: Buffer) => {
    if (!stream.push(bytes)) raw.pause();
  });
  raw.on('end', () => stream.push(null));
  raw.on('close', () => stream.destroy());
  return stream;
}

function afterDrain(raw: Socket, done: () => void): void {
  const settle = (): void => {
    raw.off('drain', settle);
    raw.off('close', settle);
    done();
  };
  raw.on('drain', settle);
  raw.on('close', settle);
}
