/** Redirects and names that lead into networks a probe must never enter. None of these addresses is ever dialled. */

import { addressRecord, dnsReply, TYPE_A, TYPE_AAAA, withAddresses } from '../../kit/raw-dns.ts';
import type { Draw } from '../draw.ts';
import { at, type Expected, type HostileClass, unknown } from '../hostile-class.ts';
import { redirectTo } from './redirect.ts';

const refused = unknown('egress_refused', at('guard', 'ADDRESS_REFUSED'));
const metadata = unknown('egress_forbidden', at('guard', 'METADATA_ADDRESS'));
const ownListener = unknown('egress_forbidden', at('guard', 'OWN_LISTENER'));

const PRIVATE = [
  '10.0.0.1',
  '172.16.5.4',
  '192.168.1.1',
  '100.64.0.7',
  '169.254.1.1',
  '127.0.0.3',
  '0.0.0.0',
  '224.0.0.1',
  '255.255.255.255',
];
const PRIVATE_V6 = ['fd00::1', 'fe80::1', 'fec0::1', '::', 'ff02::1', '2001:db8::1', '100::1'];
const PRIVATE_HOSTS = [...PRIVATE, ...PRIVATE_V6.map((address) => `[${address}]`)];

/** A page that redirects to an address; on the first hop all is well. */
function leading(id: string, what: string, expected: Expected, location: (draw: Draw) => string): HostileClass {
  return {
    id,
    family: 'egress',
    what: `redirects to ${what}`,
    expected: { ...expected, hops: 2 },
    serve: (draw) => {
      const to = location(draw);
      return draw.page((talk) => talk.end(redirectTo(to, draw.random)));
    },
  };
}

/** A name that resolves to what must not be dialled. */
function named(
  id: string,
  what: string,
  expected: Expected,
  addresses: (draw: Draw) => string[],
  port?: (draw: Draw) => number,
): HostileClass {
  return {
    id,
    family: 'egress',
    what: `has a name that resolves to ${what}`,
    expected,
    budget: { connections: 0 },
    serve: (draw) => `http://${draw.name(addresses(draw))}:${port?.(draw) ?? 80}/`,
  };
}

export const EGRESS_CLASSES: HostileClass[] = [
  leading('to-private', 'a private address', refused, ({ random }) => `http://${random.pick(PRIVATE_HOSTS)}/`),
  leading(
    'to-mapped',
    'a private address mapped into IPv6',
    refused,
    ({ random }) => `http://[::ffff:${random.pick(PRIVATE)}]/`,
  ),
  leading(
    'to-nat64',
    'a private address behind NAT64',
    refused,
    ({ random }) => `http://[64:ff9b::${random.pick(['a00:1', 'c0a8:101', '7f00:3'])}]/`,
  ),
  leading(
    'to-6to4',
    'a private address behind 6to4 or Teredo',
    refused,
    ({ random }) => `http://[${random.pick(['2002:a00:1::1', '2001:0:a00:1::1', '64:ff9b:1::a00:1'])}]/`,
  ),
  leading(
    'to-odd-spelling',
    'a private address in an odd spelling',
    refused,
    ({ random }) =>
      `http://${random.pick(['0x7f.0.0.3', '0177.0.0.3', '2130706435', '127.3', '０x0a000001', '１２７.0.0.3', '10.1', '0xa000001'].map((text) => Buffer.from(text).toString('latin1')))}/`,
  ),
  leading(
    'to-metadata',
    'a metadata service',
    metadata,
    ({ random }) =>
      `http://${random.pick(['169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16', '192.0.0.192', '[fd00:ec2::254]', '[::ffff:169.254.169.254]', '0xa9fea9fe'])}/latest/`,
  ),
  leading(
    'to-own-listener',
    'a listener of the monitor itself',
    ownListener,
    ({ kit, random }) =>
      `http://${random.pick(['127.0.0.1', '0x7f000001', '127.1', '[::ffff:127.0.0.1]'])}:${kit.ownPort}/`,
  ),
  leading(
    'to-blocked-port',
    'the port of another protocol',
    unknown('egress_port_refused', at('guard', 'PORT_REFUSED')),
    ({ random }) => `http://127.0.0.1:${random.pick([25, 22, 6379, 3306, 0])}/`,
  ),
  leading(
    'to-user-info',
    'an address with a user name and password',
    unknown('egress_forbidden', at('guard', 'USERINFO_REFUSED')),
    ({ random }) => `http://${random.word(5)}:${random.pick(['', random.word(8)])}@127.0.0.1/`,
  ),
  named('resolves-to-private', 'a private address', refused, ({ random }) => [
    random.pick([...PRIVATE, ...PRIVATE_V6]),
  ]),
  named('resolves-to-mapped', 'a private address mapped into IPv6', refused, () => ['::ffff:10.0.0.1']),
  named('resolves-to-nat64', 'a private address behind NAT64', refused, () => ['64:ff9b::a00:1']),
  named('resolves-to-metadata', 'a metadata service', metadata, ({ random }) => [
    random.pick(['169.254.169.254', 'fd00:ec2::254']),
  ]),
  named(
    'resolves-to-own-listener',
    'a listener of the monitor itself',
    ownListener,
    () => ['127.0.0.1'],
    ({ kit }) => kit.ownPort,
  ),
  named('resolves-to-mixed', 'a good address and a private one of the same family', refused, ({ random }) => {
    const mixed = ['127.0.0.1', random.pick(PRIVATE)];
    return random.int(0, 1) === 0 ? mixed : mixed.reverse();
  }),
  {
    id: 'rebinds-between-hops',
    family: 'egress',
    what: 'has a name that is good on the first hop and private on the next',
    expected: { ...refused, hops: 2 },
    serve: async ({ listen, name, random }) => {
      let asked = 0;
      const moving = name((query, replying) => {
        if (query.type === TYPE_A) asked += 1;
        const address = asked > 1 ? '10.0.0.1' : '127.0.0.1';
        withAddresses([address], 0)(query, replying);
      });
      const port = await listen((talk) =>
        talk.onRequest(() => talk.end(redirectTo(`http://${moving}:${talk.raw.localPort}/next`, random))),
      );
      return `http://${moving}:${port}/`;
    },
  },
  {
    id: 'private-only-in-ipv6',
    family: 'egress',
    what: 'has a name with a good IPv4 address and a private IPv6 address',
    expected: refused,
    budget: { connections: 0 },
    serve: async ({ listen, name, random }) => {
      const port = await listen(() => {});
      const hidden = random.pick(PRIVATE_V6);
      const host = name((query, { send }) => {
        const address = query.type === TYPE_AAAA ? hidden : '127.0.0.1';
        send(dnsReply(query, { answers: [addressRecord(address)] }));
      });
      return `http://${host}:${port}/`;
    },
  },
];
