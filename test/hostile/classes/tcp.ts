/** Servers that end, hold or break the TCP connection. */
import { at, down, type HostileClass, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { CHUNKED_HEAD, chunk, okPage } from './reply.ts';

const reset = down('http_no_reply', at('http', 'ECONNRESET'));
const closed = down('http_no_reply', at('http', 'CLOSED_BEFORE_REPLY'));
/** Whether a reset overtakes the connection's own news is up to the kernel; it is one failure to a visitor. */
const resetEarly = { ...reset, reason: ['tcp_reset', 'http_no_reply'], error: null } as const;

/** Nothing, or all but the end. */
function someOfHead(random: Random): string {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n';
  return head.slice(0, random.pick([0, random.int(1, head.length - 1)]));
}

export const TCP_CLASSES: HostileClass[] = [
  {
    id: 'refused',
    family: 'tcp',
    what: 'does not listen',
    expected: down('tcp_refused', at('tcp', 'ECONNREFUSED')),
    budget: { connections: 0 },
    serve: ({ kit }) => `http://127.0.0.1:${kit.closedPort}/`,
  },
  {
    id: 'answers-no-syn',
    family: 'tcp',
    what: 'does not answer when a connection is opened',
    timeoutMs: 500,
    expected: down('tcp_timeout', at('tcp', 'DEADLINE')),
    budget: { connections: 0 },
    serve: ({ kit }) => `http://127.0.0.1:${kit.droppingPort}/`,
  },
  {
    id: 'reset-at-accept',
    family: 'tcp',
    what: 'resets a connection as soon as it is open',
    expected: resetEarly,
    serve: async ({ listen }) => `http://127.0.0.1:${await listen((talk) => talk.reset())}/`,
  },
  {
    id: 'reset-in-head',
    family: 'tcp',
    what: 'takes the request and resets the connection before its head has ended',
    expected: reset,
    serve: ({ page, random }) => page((talk) => talk.reset(someOfHead(random))),
  },
  {
    id: 'reset-in-body',
    family: 'tcp',
    what: 'resets the connection at some byte of the body',
    expected: down('body_truncated', at('body', 'ECONNRESET'), { httpCode: 200 }),
    serve: ({ page, random }) => {
      const cut = random.int(0, 999);
      return page((talk) => talk.reset(`HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(cut)}`));
    },
  },
  {
    id: 'reset-in-chunks',
    family: 'tcp',
    what: 'resets the connection between two chunks',
    expected: down('body_truncated', at('body', 'ECONNRESET'), { httpCode: 200 }),
    serve: ({ page, random }) =>
      page((talk) => talk.reset(Buffer.concat([Buffer.from(CHUNKED_HEAD), chunk(random.word(99))]))),
  },
  {
    id: 'reset-instead-of-end',
    family: 'tcp',
    what: 'resets the connection where its end would end the body',
    expected: down('body_truncated', at('body', 'ECONNRESET'), { httpCode: 200 }),
    serve: ({ page, random }) =>
      page((talk) => talk.reset(`HTTP/1.0 200 OK\r\n\r\n${random.word(random.int(1, 500))}`)),
  },
  {
    id: 'reset-after-whole-reply',
    family: 'tcp',
    what: 'resets the connection after a whole reply',
    expected: up({ httpCode: 200 }),
    serve: ({ page, random }) => page((talk) => talk.reset(okPage(random.word(random.int(1, 900))))),
  },
  {
    id: 'ends-at-accept',
    family: 'tcp',
    what: 'ends its side before the request and keeps the other open',
    expected: closed,
    serve: async ({ listen }) => `http://127.0.0.1:${await listen((talk) => talk.end())}/`,
  },
  {
    id: 'ends-in-head',
    family: 'tcp',
    what: 'takes the request and ends its side before its head has ended',
    expected: closed,
    serve: ({ page, random }) => page((talk) => talk.end(someOfHead(random))),
  },
  {
    id: 'ends-and-lingers',
    family: 'tcp',
    what: 'ends its side after a whole reply and never lets go',
    expected: up({ httpCode: 200 }),
    serve: ({ page, random }) => page((talk) => talk.end(okPage(random.word(50)))),
  },
  {
    id: 'accepts-and-hangs',
    family: 'tcp',
    what: 'accepts the connection and never reads nor writes',
    timeoutMs: 500,
    expected: down('http_timeout', at('http', 'DEADLINE')),
    serve: async ({ listen }) => `http://127.0.0.1:${await listen((talk) => talk.raw.pause())}/`,
  },
  {
    id: 'reply-before-request',
    family: 'tcp',
    what: 'answers before it was asked',
    expected: up({ httpCode: 200 }),
    serve: async ({ listen }) => `http://127.0.0.1:${await listen((talk) => talk.send(okPage()))}/`,
  },
  {
    id: 'banner-of-another-protocol',
    family: 'tcp',
    what: 'greets in another protocol before it was asked',
    expected: down('http_malformed', at('http', 'NOT_HTTP')),
    serve: async ({ listen, random }) => {
      const banner = random.pick([
        'SSH-2.0-OpenSSH_9.6\r\n',
        '220 mail ESMTP\r\n',
        '\x05\x00',
        '+OK POP3 ready\r\n',
        'RFB 003.008\n',
      ]);
      return `http://127.0.0.1:${await listen((talk) => talk.send(banner))}/`;
    },
  },
  {
    id: 'first-address-dead',
    family: 'tcp',
    what: 'has a name whose first address refuses and whose second answers',
    expected: up({ httpCode: 200 }),
    serve: async ({ listenBesideDead, name }) => {
      const port = await listenBesideDead((talk) => talk.onRequest(() => talk.end(okPage())), '127.0.0.2');
      return `http://${name(['127.0.0.1', '127.0.0.2'])}:${port}/`;
    },
  },
  {
    id: 'ipv4-dead-ipv6-alive',
    family: 'tcp',
    what: 'has a name whose IPv4 address refuses and whose IPv6 address answers',
    expected: up({ httpCode: 200 }),
    serve: async ({ listenBesideDead, name }) => {
      const port = await listenBesideDead((talk) => talk.onRequest(() => talk.end(okPage())), '::1');
      return `http://${name(['127.0.0.1', '::1'])}:${port}/`;
    },
  },
  {
    id: 'ipv6-alone-and-dead',
    family: 'tcp',
    what: 'has a name with an IPv6 address alone, which refuses',
    expected: down('tcp_refused', at('tcp', 'ECONNREFUSED')),
    budget: { connections: 0 },
    serve: ({ kit, name }) => `http://${name(['::1'])}:${kit.closedPort}/`,
  },
];
