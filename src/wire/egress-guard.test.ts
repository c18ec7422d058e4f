import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BLOCKED_PORTS } from './blocked-ports.ts';
import { createEgressGuard, type EgressGuard, type EgressSettings, parseEgressAllow, portOf } from './egress-guard.ts';

const CLOSED: EgressSettings = { allow: [], allowPrivate: false, ownListeners: [] };
const PUBLIC = '93.184.216.34';

function guardWith(settings: Partial<EgressSettings> = {}): EgressGuard {
  return createEgressGuard({ ...CLOSED, ...settings });
}

/** What becomes of a URL whose host is an address: both questions, as a dial asks them. */
function visit(guard: EgressGuard, text: string): string | null {
  const url = new URL(text);
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  const refusal = guard.checkUrl(url) ?? guard.checkAddresses(url.hostname, portOf(url), [literal]);
  return refusal?.code ?? null;
}

/** What becomes of addresses a name resolved to. */
function resolved(
  guard: EgressGuard,
  addresses: readonly string[],
  port = 443,
  hostname = 'site.example',
): string | null {
  const refusal = guard.checkAddresses(hostname, port, addresses);
  return refusal?.code ?? null;
}

describe('a URL', () => {
  const guard = guardWith();

  it.each(['http://site.example/', 'https://site.example:8443/a?b#c', 'https://localhost/', 'http://[2606:4700::1]/'])(
    '%s may be asked for',
    (text) => {
      expect(guard.checkUrl(new URL(text))).toBeNull();
    },
  );

  it.each([
    ['ftp://site.example/', 'SCHEME_REFUSED'],
    ['file:///etc/passwd', 'SCHEME_REFUSED'],
    ['ws://site.example/', 'SCHEME_REFUSED'],
    ['javascript:alert(1)', 'SCHEME_REFUSED'],
    ['http://user@site.example/', 'USERINFO_REFUSED'],
    ['http://:secret@site.example/', 'USERINFO_REFUSED'],
    ['http://site.example:0/', 'PORT_REFUSED'],
    ['http://site.example:22/', 'PORT_REFUSED'],
    ['https://site.example:25/', 'PORT_REFUSED'],
    ['http://site.example:3306/', 'PORT_REFUSED'],
    ['http://site.example:6379/', 'PORT_REFUSED'],
    ['http://./', 'HOST_INVALID'],
    ['http://../', 'HOST_INVALID'],
    [`http://${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(62)}/`, 'HOST_INVALID'],
  ])('%s is refused: %s', (text, code) => {
    expect(guard.checkUrl(new URL(text))?.code).toBe(code);
  });

  it('may have a host of 253 bytes, with or without the final dot', () => {
    const host = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
    expect(guard.checkUrl(new URL(`http://${host}/`))).toBeNull();
    expect(guard.checkUrl(new URL(`http://${host}./`))).toBeNull();
  });

  it('with a password is refused without repeating it', () => {
    expect(guard.checkUrl(new URL('http://user:hunter2@site.example/'))?.detail).not.toContain('hunter2');
  });

  it('on a blocked port may be asked for once a rule names the port, and the address decides', () => {
    const open = guardWith({ allow: ['10.0.0.0/8:6379', 'mail.example:25'] });
    expect(open.checkUrl(new URL('http://cache.example:6379/'))).toBeNull();
    expect(resolved(open, ['10.0.0.5'], 6379)).toBeNull();
    expect(resolved(open, ['192.168.0.5'], 6379)).toBe('PORT_REFUSED');
    expect(resolved(open, [PUBLIC], 6379)).toBe('PORT_REFUSED');
    expect(resolved(open, [PUBLIC], 25, 'mail.example')).toBeNull();
    expect(resolved(open, [PUBLIC], 25, 'other.example')).toBe('PORT_REFUSED');
    expect(open.checkUrl(new URL('http://cache.example:22/'))?.code).toBe('PORT_REFUSED');
  });

  it('on a blocked port stays refused when only an exception names the port', () => {
    expect(guardWith({ allow: ['!10.0.0.0/8:22'] }).checkUrl(new URL('http://site.example:22/'))?.code).toBe(
      'PORT_REFUSED',
    );
  });

  it('says its port', () => {
    expect(
      ['http://a/', 'https://a/', 'http://a:443/', 'https://a:8443/'].map((text) => portOf(new URL(text))),
    ).toEqual([80, 443, 443, 8443]);
  });
});

describe('an address literal in a URL', () => {
  const guard = guardWith();

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0x7f.0.0.1/',
    'http://0177.0.0.1/',
    'http://017700000001/',
    'http://127.0.0.1./',
    'http://１２７.０.０.１/',
    'http://127。0。0。1/',
    'http://%31%32%37.0.0.1/',
    'http://0/',
    'http://[::]/',
    'http://[::1]/',
    'http://[0:0:0:0:0:ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[::127.0.0.1]/',
    'http://[64:ff9b::127.0.0.1]/',
    'http://[64:ff9b:1::8.8.8.8]/',
    'http://[2002:7f00:1::]/',
    'http://[2606:4700::5efe:10.0.0.1]/',
    'http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/',
    'http://[fe80::1]/',
    'http://[FEC0::1]/',
    'http://10.0.0.1:8080/',
    'http://255.255.255.255/',
  ])('%s is refused', (text) => {
    expect(visit(guard, text)).toBe('ADDRESS_REFUSED');
  });

  it.each([
    'http://169.254.169.254/latest/',
    'http://0xa9fea9fe/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[fd00:ec2::254]/',
  ])('%s is refused as metadata service', (text) => {
    expect(visit(guard, text)).toBe('METADATA_ADDRESS');
  });

  it.each(['http://93.184.216.34/', 'http://0x5db8d822/', 'https://[2606:4700::1111]/', 'http://[64:ff9b::8.8.8.8]/'])(
    '%s passes',
    (text) => {
      expect(visit(guard, text)).toBeNull();
    },
  );
});

describe('the addresses of a name', () => {
  const guard = guardWith();

  it('pass when all are public', () => {
    expect(resolved(guard, [PUBLIC, '2606:4700::1111'])).toBeNull();
  });

  it.each([
    [[PUBLIC, '10.0.0.1'], 'ADDRESS_REFUSED'],
    [['10.0.0.1', PUBLIC], 'ADDRESS_REFUSED'],
    [[PUBLIC, '::1'], 'ADDRESS_REFUSED'],
    [[PUBLIC, '169.254.169.254'], 'METADATA_ADDRESS'],
    [[PUBLIC, 'fe80::1%eth0'], 'ADDRESS_REFUSED'],
    [[PUBLIC, '0177.0.0.1'], 'ADDRESS_REFUSED'],
    [[PUBLIC, ''], 'ADDRESS_REFUSED'],
    [[], 'ADDRESS_REFUSED'],
  ])('%j are refused together: %s', (addresses, code) => {
    expect(resolved(guard, addresses)).toBe(code);
  });

  it('are refused together whichever place the bad one has', () => {
    fc.assert(
      fc.property(fc.array(fc.constant<string>(PUBLIC), { maxLength: 10 }), fc.nat(10), (good, at) => {
        expect(resolved(guard, good.toSpliced(at, 0, '192.168.1.1'))).toBe('ADDRESS_REFUSED');
      }),
    );
  });

  it.each(['', '.', 'a b', 'a\u0000b', 'a\nb', 'bücher.example', 'a\u007f', 'a'.repeat(254)])(
    'are not looked at for the host %j',
    (hostname) => {
      expect(resolved(guard, [PUBLIC], 443, hostname)).toBe('HOST_INVALID');
    },
  );

  it.each([0, -1, 1.5, 65_536, Number.NaN])('are not looked at for port %s', (port) => {
    expect(resolved(guard, [PUBLIC], port)).toBe('PORT_REFUSED');
  });

  it('are named in the detail, which control characters cannot break', () => {
    expect(guard.checkAddresses('Site.Example.', 80, ['::ffff:10.0.0.1'])?.detail).toBe(
      'site.example at 10.0.0.1 port 80 is private, not public',
    );
    expect(guard.checkAddresses('site.example', 80, ['10.0.0.1\r\nx'])?.detail).toContain('\\r\\n');
  });

  it('pass no blocked port on a public address', () => {
    for (const port of BLOCKED_PORTS) expect(resolved(guard, [PUBLIC], port)).toBe('PORT_REFUSED');
  });
});

describe('EGRESS_ALLOW', () => {
  it('opens what it lists and nothing beside', () => {
    const guard = guardWith({ allow: ['10.1.0.0/16', '127.0.0.1:8080', '[fd00::/8]:8443', 'intranet.example'] });
    expect(resolved(guard, ['10.1.255.255'])).toBeNull();
    expect(resolved(guard, ['10.2.0.0'])).toBe('ADDRESS_REFUSED');
    expect(resolved(guard, ['127.0.0.1'], 8080)).toBeNull();
    expect(resolved(guard, ['::ffff:127.0.0.1'], 8080)).toBeNull();
    expect(resolved(guard, ['127.0.0.1'], 8081)).toBe('ADDRESS_REFUSED');
    expect(resolved(guard, ['127.0.0.2'], 8080)).toBe('ADDRESS_REFUSED');
    expect(resolved(guard, ['fd00::1'], 8443)).toBeNull();
    expect(resolved(guard, ['fd00::1'], 443)).toBe('ADDRESS_REFUSED');
    expect(resolved(guard, ['192.168.3.4'], 443, 'Intranet.Example.')).toBeNull();
    expect(resolved(guard, ['192.168.3.4'], 443, 'sub.intranet.example')).toBe('ADDRESS_REFUSED');
    expect(resolved(guard, ['10.1.0.1', '192.168.3.4'])).toBe('ADDRESS_REFUSED');
  });

  it('opens no metadata service, however specific', () => {
    const allow = [
      '169.254.169.254',
      '169.254.169.254:80',
      'fd00::/8',
      '64:ff9b::/96',
      'metadata.example',
      '168.63.129.16',
    ];
    for (const allowPrivate of [false, true]) {
      const guard = guardWith({ allow, allowPrivate });
      for (const address of ['169.254.169.254', 'fd00:ec2::254', '64:ff9b::169.254.169.254', '168.63.129.16']) {
        expect(resolved(guard, [address], 80, 'metadata.example')).toBe('METADATA_ADDRESS');
      }
    }
  });

  it('excepts with an exclamation mark, public addresses and names too', () => {
    const guard = guardWith({ allow: ['10.0.0.0/8', '!10.9.0.0/16', '!status.example', `!${PUBLIC}:8443`] });
    expect(resolved(guard, ['10.8.0.1'])).toBeNull();
    expect(resolved(guard, ['10.9.0.1'])).toBe('ADDRESS_REFUSED');
    expect(resolved(guard, [PUBLIC])).toBeNull();
    expect(resolved(guard, [PUBLIC], 8443)).toBe('ADDRESS_REFUSED');
    expect(resolved(guard, [PUBLIC], 443, 'status.example')).toBe('ADDRESS_REFUSED');
  });

  it('reports each bad entry with name, cause and fix, and keeps the good ones', () => {
    const { rules, errors } = parseEgressAllow(['10.0.0.0/8', ' 192.168.0.0/16 ', '0.0.0.0/0', 'x\u001b[31m y']);
    expect(rules).toHaveLength(2);
    expect(errors).toEqual([
      'EGRESS_ALLOW entry "0.0.0.0/0": it covers every address there is; list the networks that are meant',
      expect.stringMatching(/^EGRESS_ALLOW entry "x\\u001b\[31m y": /),
    ]);
  });

  it('is bounded in number and shows long entries shortened', () => {
    expect(parseEgressAllow(Array(1001).fill('10.0.0.1')).errors).toHaveLength(1);
    expect(parseEgressAllow(Array(1000).fill('10.0.0.1')).rules).toHaveLength(1000);
    expect(parseEgressAllow(['*'.repeat(10_000)]).errors[0]?.length).toBeLessThan(300);
  });

  it('with a bad entry makes no guard', () => {
    expect(() => guardWith({ allow: ['::/0'] })).toThrow(TypeError);
  });
});

describe('a person on their own terminal', () => {
  const guard = guardWith({ allowPrivate: true });

  it.each([
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '192.168.1.1',
    '172.16.0.1',
    '100.64.0.1',
    '169.254.1.1',
    'fe80::1',
    'fd00::1',
  ])('reaches %s', (address) => {
    expect(resolved(guard, [address])).toBeNull();
  });

  it.each(['0.0.0.0', '::', '224.0.0.1', 'ff02::1', '240.0.0.1', '255.255.255.255', '192.0.2.1', '2001:db8::1'])(
    'does not reach %s',
    (address) => {
      expect(resolved(guard, [address])).toBe('ADDRESS_REFUSED');
    },
  );

  it('reaches no blocked port and no exception', () => {
    expect(resolved(guard, ['127.0.0.1'], 6379)).toBe('PORT_REFUSED');
    expect(resolved(guardWith({ allowPrivate: true, allow: ['!10.0.0.0/8'] }), ['10.0.0.1'])).toBe('ADDRESS_REFUSED');
  });
});

describe('our own listeners', () => {
  const allow = ['127.0.0.0/8', '::1', '0.0.0.0', '64:ff9b::/96', '10.0.0.5', 'localhost'];

  it.each([
    ['127.0.0.1:8080', '127.0.0.1'],
    ['127.0.0.1:8080', '::ffff:127.0.0.1'],
    ['127.0.0.1:8080', '0.0.0.0'],
    ['127.0.0.1:8080', '64:ff9b::127.0.0.1'],
    ['[::1]:8080', '::1'],
    ['[::1]:8080', '0:0::0:1'],
    ['0.0.0.0:8080', '127.0.0.1'],
    ['0.0.0.0:8080', '127.9.9.9'],
    ['[::]:8080', '127.0.0.1'],
    ['[::]:8080', '::1'],
    ['10.0.0.5:8080', '10.0.0.5'],
    [`${PUBLIC}:8080`, PUBLIC],
  ])('%s is refused at %s although allowed', (listener, address) => {
    expect(resolved(guardWith({ allow, ownListeners: [listener] }), [address], 8080)).toBe('OWN_LISTENER');
  });

  it('are refused by name', () => {
    const guard = guardWith({ ownListeners: ['Status.Example:443'] });
    expect(resolved(guard, [PUBLIC], 443, 'status.example.')).toBe('OWN_LISTENER');
    expect(resolved(guard, [PUBLIC], 8443, 'status.example')).toBeNull();
  });

  it('leave other ports and addresses alone', () => {
    const guard = guardWith({ allow, ownListeners: ['127.0.0.1:8080', '[::]:9090'] });
    expect(resolved(guard, ['127.0.0.1'], 8081)).toBeNull();
    expect(resolved(guard, ['127.0.0.2'], 8080)).toBeNull();
    expect(resolved(guard, ['::1'], 8080)).toBeNull();
    expect(resolved(guard, ['10.0.0.5'], 9090)).toBeNull();
  });

  it.each(['127.0.0.1', ':8080', '', '::1:8080', '127.0.0.1:0', '[::1]8080'])('cannot be written as %j', (listener) => {
    expect(() => guardWith({ ownListeners: [listener] })).toThrow(TypeError);
  });
});

describe('the pin', () => {
  const guard = guardWith();

  it.each([
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '::ffff:127.0.0.1', true],
    ['2001:DB8::0:1', '2001:db8::1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.1', '::1', false],
    ['fe80::1', 'fe80::1%eth0', false],
    ['127.0.0.1', undefined, false],
    ['127.0.0.1', '', false],
    ['', '', false],
  ])('of %j holds for the peer %j: %s', (expected, actual, holds) => {
    expect(guard.isPinned(expected, actual)).toBe(holds);
  });

  it('holds on a real connection', async () => {
    const server = createServer((socket) => socket.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      expect(guard.isPinned('127.0.0.1', socket.remoteAddress)).toBe(true);
      expect(guard.isPinned('127.0.0.2', socket.remoteAddress)).toBe(false);
    } finally {
      socket.destroy();
      server.close();
    }
  });
});

describe('the described policy', () => {
  it('is closed by default', () => {
    expect(guardWith().describe()).toEqual([
      `allow public addresses over http and https, every port but ${BLOCKED_PORTS.size} of other protocols`,
      'deny private, shared, link-local and loopback addresses',
      'deny multicast, reserved and unspecified addresses',
      'deny always: cloud metadata services',
    ]);
  });

  it('shows every rule and listener', () => {
    const lines = guardWith({
      allow: ['10.0.0.0/8', '!10.9.0.0/16'],
      allowPrivate: true,
      ownListeners: ['[::1]:8080'],
    }).describe();
    expect(lines).toContain('allow 10.0.0.0/8 on the same ports');
    expect(lines).toContain('deny 10.9.0.0/16 on every port');
    expect(lines).toContain('allow private, shared, link-local and loopback addresses');
    expect(lines).toContain('deny always: cloud metadata services, own listeners [::1]:8080');
  });
});
