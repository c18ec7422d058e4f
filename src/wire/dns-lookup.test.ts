import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  addressRecord,
  cnameRecord,
  type DnsAnswerer,
  type DnsQuery,
  dnsName,
  dnsRecord,
  dnsReply,
  type RawDns,
  startRawDns,
  TYPE_A,
  TYPE_AAAA,
  withAddresses,
} from '../../test/kit/raw-dns.ts';
import { createNameFinder, type NameFinder } from '../../test/kit/resolver.ts';

let dns: RawDns;
let asked: string[];
beforeAll(async () => {
  dns = await startRawDns();
});
afterAll(() => dns.stop());

function finder(): NameFinder {
  const names = createNameFinder({ servers: [dns.address], queryTimeoutMs: 200 });
  onTestFinished(() => names.close());
  return names;
}

/** Scripts a name and notes who is asked for. */
function script(name: string, answer: DnsAnswerer): void {
  dns.script(name, (query, replying) => {
    asked.push(`${query.type === TYPE_A ? 'A' : 'AAAA'} ${query.name}`);
    answer(query, replying);
  });
}

/** An alias alone, without a word about its target. */
function alias(target: string): DnsAnswerer {
  return (query, { send }) => send(dnsReply(query, { answers: [cnameRecord(query.name, target)] }));
}

function start(): void {
  asked = [];
}

describe('an alias of whose target the answer says nothing', () => {
  it('is followed by asking for the target', async () => {
    start();
    script('www.test', alias('edge.test'));
    script('edge.test', alias('pop.test'));
    script('pop.test', withAddresses(['192.0.2.4', '2001:db8::4']));
    expect(await finder().find('www.test')).toMatchObject({ ok: true, addresses: ['192.0.2.4', '2001:db8::4'] });
    expect(asked).toHaveLength(6);
  });

  it('is not followed where the other family has addresses', async () => {
    start();
    script('four.test', (query, replying) => {
      const answers = [cnameRecord('four.test', 'edge4.test'), addressRecord('192.0.2.4', { owner: 'edge4.test' })];
      replying.send(dnsReply(query, { answers: query.type === TYPE_A ? answers : answers.slice(0, 1) }));
    });
    script('edge4.test', withAddresses(['192.0.2.4']));
    expect(await finder().find('four.test')).toMatchObject({ ok: true, addresses: ['192.0.2.4'] });
    expect(asked.filter((one) => one.endsWith('edge4.test'))).toEqual([]);
  });

  it('is not followed where the answer proves that there is nothing', async () => {
    start();
    const soa = dnsRecord(6, Buffer.concat([dnsName('ns.test'), dnsName('admin.test'), Buffer.alloc(20)]));
    script('none.test', (query, { send }) => {
      const reply = Buffer.concat([dnsReply(query, { answers: [cnameRecord('none.test', 'empty.test')] }), soa]);
      reply.writeUInt16BE(1, 8);
      send(reply);
    });
    expect(await finder().find('none.test')).toMatchObject({ code: 'NODATA' });
    expect(asked).toHaveLength(2);
  });

  it('has no address when its target does not exist: the name itself does', async () => {
    start();
    script('dangling.test', alias('missing.test'));
    expect(await finder().find('dangling.test')).toMatchObject({ code: 'NODATA' });
  });

  it('is in doubt when the resolver fails for the target', async () => {
    start();
    script('doubtful.test', alias('failing.test'));
    script('failing.test', (query, { send }) => send(dnsReply(query, { rcode: 2 })));
    expect(await finder().find('doubtful.test')).toMatchObject({ code: 'SERVFAIL' });
  });

  it.each([
    ['in a circle', (name: string) => (name === 'ring0.test' ? 'ring1.test' : 'ring0.test'), 'ring0.test'],
    ['on and on', (name: string) => `x${name}`, 'far.test'],
    ['to a name with bytes that no name has', () => 'a b.test', 'odd.test'],
  ])('is a bad answer when aliases lead %s', async (_, targetOf, name) => {
    start();
    const follow = (query: DnsQuery): string => {
      const target = targetOf(query.name);
      dns.script(target, (next, { send }) => send(dnsReply(next, { answers: [cnameRecord(next.name, follow(next))] })));
      return target;
    };
    script(name, (query, { send }) => send(dnsReply(query, { answers: [cnameRecord(query.name, follow(query))] })));
    expect(await finder().find(name)).toMatchObject({ code: 'BAD_REPLY', detail: expect.stringContaining('alias') });
  });
});

describe('one family', () => {
  it('waits for the other, and not for long', async () => {
    start();
    let answerIpv6 = (): void => {};
    script('patient.test', (query, replying) => {
      if (query.type === TYPE_AAAA) answerIpv6 = () => withAddresses(['2001:db8::4'])(query, replying);
      else withAddresses(['192.0.2.4'])(query, replying);
    });
    const names = finder();
    const both = names.askFor('patient.test', 60_000);
    setTimeout(() => answerIpv6(), 20);
    expect(await both).toMatchObject({ addresses: ['192.0.2.4', '2001:db8::4'] });
    expect(await names.askFor('patient.test', 60_000)).toMatchObject({ addresses: ['192.0.2.4'] });
  });
});
