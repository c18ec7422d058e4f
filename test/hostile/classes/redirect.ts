/** Redirects that go round, on and on, nowhere, or to what is no web address. */

import type { Draw, Play } from '../draw.ts';
import { at, down, type Expected, type HostileClass, unknown, up } from '../hostile-class.ts';
import type { Random } from '../random.ts';
import { okPage } from './reply.ts';

const CODES = [
  '301 Moved Permanently',
  '302 Found',
  '303 See Other',
  '307 Temporary Redirect',
  '308 Permanent Redirect',
];

const loop = down('redirect_loop', at('redirect', 'LOOP'));
const tooMany = down('redirect_too_many', at('redirect', 'TOO_MANY'));
const badLocation = down('redirect_bad_location', at('redirect', 'BAD_LOCATION'));
const noLocation = down('redirect_no_location', at('redirect', 'NO_LOCATION'));
const followed = up({ httpCode: 200, hops: 2 });
const stayed = up({ hops: 1 });

/** A redirect as bytes; the value of Location as it stands on the wire. */
export function redirectTo(location: string, random: Random, more = ''): string {
  return `HTTP/1.1 ${random.pick(CODES)}\r\nLocation: ${location}\r\n${more}Content-Length: 0\r\n\r\n`;
}

/** Of a page that is called by the number of its redirect; 0 for the first. */
function hopOf(target: string): number {
  return Number.parseInt(target.slice(1), 10) || 0;
}

/** `/` redirects; any other path is a page that is well. PORT stands for its own port, CLOSED for one that refuses. */
function leading(id: string, what: string, expected: Expected, location: (random: Random) => string): HostileClass {
  const connections = expected.state === 'Up' ? 2 : 1;
  return {
    id,
    family: 'redirect',
    what,
    expected,
    budget: { connections },
    serve: ({ page, random, kit }) => {
      const to = location(random).replace('CLOSED', String(kit.closedPort));
      return page((talk, { target }) => {
        const here = String(talk.raw.localPort);
        talk.end(target === '/' ? redirectTo(to.replace('PORT', here), random) : okPage());
      });
    },
  };
}

/** Answers whatever the script says, hop by hop. */
function hops(
  id: string,
  what: string,
  expected: Expected,
  connections: number,
  play: (draw: Draw) => Play,
): HostileClass {
  return { id, family: 'redirect', what, expected, budget: { connections }, serve: (draw) => draw.page(play(draw)) };
}

export const REDIRECT_CLASSES: HostileClass[] = [
  hops('redirect-to-itself', 'redirects to itself, however it is written', loop, 1, ({ random }) => {
    const location = random.pick([
      '/',
      `#${random.word(5)}`,
      '/./',
      '/a/..',
      '//127.0.0.1:PORT/',
      'HTTP://127.0.0.1:PORT',
      'http://0x7f.1:PORT/',
      '/.\\',
    ]);
    return (talk) => talk.end(redirectTo(location.replace('PORT', String(talk.raw.localPort)), random));
  }),
  hops(
    'redirect-in-pairs',
    'redirects back and forth between two pages',
    loop,
    2,
    ({ random }) =>
      (talk, { target }) =>
        talk.end(redirectTo(target === '/' ? '/other' : '/', random)),
  ),
  hops('redirect-eleven', 'redirects more often than is followed', tooMany, 11, ({ random }) => {
    const most = random.pick([11, 12, 1_000]);
    return (talk, { target }) => {
      const hop = hopOf(target);
      talk.end(hop < most ? redirectTo(`/${hop + 1}`, random) : okPage());
    };
  }),
  hops(
    'redirect-ten',
    'redirects as often as is followed',
    up({ httpCode: 200, hops: 11 }),
    11,
    ({ random }) =>
      (talk, { target }) => {
        const hop = hopOf(target);
        talk.end(hop < 10 ? redirectTo(`/${hop + 1}`, random) : okPage());
      },
  ),
  hops(
    'redirect-with-fat-heads',
    'redirects ten times with a head of 30 KB each',
    up({ httpCode: 200, hops: 11 }),
    11,
    ({ random }) =>
      (talk, { target }) => {
        const hop = hopOf(target);
        const field = `X-Fat: ${random.pick(['x', '\x1b', '\xff', '"']).repeat(1_900)}\r\n`;
        talk.end(hop < 10 ? redirectTo(`/${hop + 1}`, random, field.repeat(15)) : okPage());
      },
  ),
  leading('location-relative', 'gives a relative path', followed, (random) =>
    random.pick(['next', './next?a=1', '/next', '?next']),
  ),
  leading('location-without-scheme', 'gives a host without a scheme', followed, () => '//127.0.0.1:PORT/next'),
  leading('location-not-ascii', 'gives a path in raw UTF-8', followed, () => Buffer.from('/käse/☃').toString('latin1')),
  leading(
    'location-with-controls',
    'gives a path with CR and NUL in it',
    followed,
    (random) => `/next${random.pick(['\r', '\0'])}X-Injected: 1`,
  ),
  leading(
    'location-encoded-crlf',
    'gives a path with an encoded line end',
    followed,
    () => '/next%0d%0aX-Injected:%201',
  ),
  leading('location-backslashes', 'gives a path with backslashes and tabs', followed, () => '/\t.\\next'),
  leading('location-scheme', 'gives an address of another scheme', badLocation, (random) =>
    random.pick([
      'javascript:alert(1)',
      'file:///etc/passwd',
      'data:text/html,hello',
      'ftp://127.0.0.1/',
      'gopher://127.0.0.1:70/_x',
      'mailto:a@b.example',
      'about:blank',
      'ws://127.0.0.1/',
    ]),
  ),
  leading('location-unreadable', 'gives an address that cannot be read', badLocation, (random) =>
    random.pick([
      'http://[::1/',
      'http://',
      'http://a b/',
      'http://127.0.0.1:99999/',
      'http://%zz/',
      'http://[fe80::1%25eth0]/',
      'http://1.2.3.400/',
      'http://%00/',
      'http://user@/',
      'http://0x100000000/',
    ]),
  ),
  leading(
    'location-huge',
    'gives an address of 10 to 30 KB',
    badLocation,
    (random) => `/${random.word(random.int(10_000, 30_000))}`,
  ),
  leading(
    'location-beyond-head',
    'gives an address that is longer than a head may be',
    down('http_malformed', at('http', 'HEADERS_TOO_LARGE')),
    (random) => `/${random.word(1).repeat(random.int(40_000, 90_000))}`,
  ),
  leading('location-twice', 'gives two different addresses', badLocation, () => '/one\r\nLocation: /two'),
  leading('location-repeated', 'gives the same address twice', followed, () => '/next\r\nLocation: /next'),
  leading('location-empty', 'gives an empty address', noLocation, (random) => random.pick(['', ' ', '\t'])),
  {
    ...leading('location-missing', 'redirects without an address', noLocation, () => ''),
    serve: (draw) => draw.answer(`HTTP/1.1 ${draw.random.pick(CODES)}\r\nContent-Length: 0\r\n\r\n`),
  },
  leading(
    'location-refused-port',
    'redirects to a port that refuses',
    down('tcp_refused', at('tcp', 'ECONNREFUSED'), { hops: 2 }),
    () => 'http://127.0.0.1:CLOSED/',
  ),
  leading(
    'location-unknown-name',
    'redirects to a name that does not exist',
    down('dns_nxdomain', at('dns', 'NXDOMAIN'), { hops: 2 }),
    (random) => `http://${random.word(12)}.nowhere.example/`,
  ),
  leading(
    'location-overlong-host',
    'redirects to a host name of more than 253 bytes',
    unknown('egress_forbidden', at('guard', 'HOST_INVALID')),
    (random) => `http://${Array.from({ length: 9 }, () => random.word(40)).join('.')}/`,
  ),
  leading(
    'location-no-label',
    'redirects to a host name with a label that no resolver can be asked for',
    down('dns_nxdomain', at('dns', 'NXDOMAIN'), { hops: 2 }),
    (random) => `http://${random.pick([random.word(70), 'a.', '.a'])}.example/`,
  ),
  hops(
    'redirect-with-endless-body',
    'sends a body without end with its redirect',
    followed,
    2,
    ({ random }) =>
      (talk, { target }) => {
        if (target !== '/') return talk.end(okPage());
        talk.send(`HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n`);
        const piece = random.word(1_000).repeat(16);
        talk.flood(() => piece);
      },
  ),
  hops(
    'redirect-with-silent-body',
    'announces a body with its redirect and never sends it',
    followed,
    2,
    () =>
      (talk, { target }) => {
        if (target === '/') talk.send('HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 1000\r\n\r\n');
        else talk.end(okPage());
      },
  ),
  hops(
    'redirect-then-reset',
    'resets the connection right after its redirect',
    followed,
    2,
    () =>
      (talk, { target }) => {
        if (target === '/') talk.reset('HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n');
        else talk.end(okPage());
      },
  ),
  {
    ...leading('other-status-with-location', 'names an address with a status that leads nowhere', stayed, () => ''),
    budget: { connections: 1 },
    serve: ({ answer, random }) => {
      const status = random.pick(['300 Multiple Choices', '304 Not Modified', '305 Use Proxy', '306 Switch Proxy']);
      return answer(`HTTP/1.1 ${status}\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n`);
    },
  },
  {
    ...leading('refresh', 'redirects by Refresh and by its page', stayed, () => ''),
    budget: { connections: 1 },
    serve: (draw) =>
      draw.answer(
        okPage('<meta http-equiv="refresh" content="0;url=/next">', ['Refresh: 0;url=/next', 'Location: /next']),
      ),
  },
  {
    ...leading(
      'redirect-forbidden',
      'redirects where no redirect is allowed',
      down('redirect_forbidden', at('redirect', 'FORBIDDEN')),
      () => '/next',
    ),
    plan: { redirects: 'fail' },
  },
  {
    id: 'headers-taken-elsewhere',
    family: 'redirect',
    what: 'redirects to another origin, to be sent what was meant for the first',
    plan: {
      headers: [
        ['authorization', 'Bearer secret-of-the-first'],
        ['x-secret', 'of the first'],
      ],
    },
    expected: followed,
    budget: { connections: 2 },
    serve: async ({ page, random, violation }) => {
      const thief = await page((talk, { headers }) => {
        if ('authorization' in headers || 'x-secret' in headers) violation('a header went to another origin');
        talk.end(okPage());
      });
      return page((talk, { headers }) => {
        if (headers['x-secret'] === undefined) violation('a header did not go to the first origin');
        talk.end(redirectTo(thief, random));
      });
    },
  },
  {
    id: 'downgrade',
    family: 'redirect',
    what: 'redirects from https to http',
    expected: up({ httpCode: 200, hops: 2, also: { redirect_downgrade: 'https_to_http' } }),
    budget: { connections: 2 },
    serve: async ({ page, securePage, random }) => {
      const plain = await page((talk) => talk.end(okPage()));
      return securePage('good', (talk) => talk.end(redirectTo(plain, random)));
    },
  },
  {
    id: 'redirect-with-fat-certificates',
    family: 'redirect',
    what: 'redirects ten times, each time with a certificate for hundreds of long names',
    expected: up({ httpCode: 200, hops: 11 }),
    budget: { connections: 11 },
    serve: ({ securePage, random }) =>
      securePage('longNames', (talk, { target }) => {
        const hop = hopOf(target);
        talk.end(hop < 10 ? redirectTo(`/${hop + 1}?${'x'.repeat(1_900)}`, random) : okPage());
      }),
  },
  {
    id: 'redirect-to-bad-certificate',
    family: 'redirect',
    what: 'redirects to a site whose certificate has expired',
    expected: down('tls_expired', at('tls', 'CERT_HAS_EXPIRED'), { hops: 2 }),
    budget: { connections: 2 },
    serve: async ({ page, securePage, random }) => {
      const expired = await securePage('expired', (talk) => talk.end(okPage()));
      return page((talk) => talk.end(redirectTo(expired, random)));
    },
  },
];
