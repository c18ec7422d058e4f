/** The ways a site can be made to fail: what is watched for each, and how. Pure. */
import { DEFAULT_SETTINGS } from '../../contracts/default-settings.ts';
import type { SiteSettings } from '../../contracts/sites.ts';

export const FAILURE_MODES = ['http-500', 'http-403', 'unreachable', 'redirect', 'keyword', 'timeout', 'tls'] as const;
export type FailureMode = (typeof FAILURE_MODES)[number];

/** Where a test site answers: origins without a slash at the end. null where there is none of that kind. */
export type Fixture = { http: string | null; https: string | null };

export type Failure = {
  url: string;
  settings: Omit<SiteSettings, 'custom_headers'>;
  /** What will be found, after the URL. */
  words: string;
  /** Reasons of a look that finds it. Any other finding is of something else that is wrong there. */
  reasons: readonly string[];
  /** Whether the test site answers there, and not a host of the public internet. */
  isFixture: boolean;
};

/** IANA has given this port to nobody, and no system hands it out by chance: whoever knocks is refused at once. */
const CLOSED_PORT = 4;
/** RFC 5737: an address for documentation, where nobody is. */
const NOBODY = 'http://192.0.2.1/';
const ECHO = 'https://httpbin.org';
const IMPOSSIBLE_KEYWORD = 'jetmon2-simulate-failure: a text that no page holds';

const { custom_headers: _, ...plainSettings } = DEFAULT_SETTINGS;
/** Every setting of a site at its default, but for the header fields, which carry the mark of a batch. */
export const PLAIN_SETTINGS: Omit<SiteSettings, 'custom_headers'> = plainSettings;
/** Every finding there is wants the whole page to be looked at. */
const DEFAULTS = { ...PLAIN_SETTINGS, request_method: 'GET', detection_profile: 'full' } as const;

export function isFailureMode(text: string): text is FailureMode {
  return (FAILURE_MODES as readonly string[]).includes(text);
}

/** What the mode watches. Without a test site of the kind it wants, a host of the public internet stands in. */
export function failureOf(mode: FailureMode, fixture: Fixture): Failure {
  const { path, elsewhere, words, reasons, settings = {} } = MODES[mode];
  const origin = mode === 'tls' ? fixture.https : fixture.http;
  const url = origin === null ? elsewhere : path(origin);
  const late = mode === 'timeout' && origin === null ? { timeout_seconds: 2 } : {};
  return { url, words, reasons, settings: { ...DEFAULTS, ...settings, ...late }, isFixture: origin !== null };
}

type Mode = {
  path(origin: string): string;
  elsewhere: string;
  words: string;
  reasons: readonly string[];
  settings?: Omit<SiteSettings, 'custom_headers'>;
};

const MODES: Readonly<Record<FailureMode, Mode>> = {
  'http-500': {
    path: (origin) => `${origin}/status/500`,
    elsewhere: `${ECHO}/status/500`,
    words: 'answers 500',
    reasons: ['http_server_error'],
  },
  'http-403': {
    path: (origin) => `${origin}/status/403`,
    elsewhere: `${ECHO}/status/403`,
    words: 'answers 403',
    reasons: ['http_forbidden'],
  },
  unreachable: {
    path: closedPortOf,
    elsewhere: NOBODY,
    words: 'takes no connections',
    // Networks answer for an address where nobody is in ways of their own.
    reasons: ['tcp_refused', 'tcp_timeout', 'tcp_unreachable', 'tcp_failed'],
    settings: { timeout_seconds: 2 },
  },
  redirect: {
    path: (origin) => `${origin}/redirect`,
    elsewhere: `${ECHO}/redirect/1`,
    words: 'redirects, which is not wanted of it',
    reasons: ['redirect_forbidden'],
    settings: { redirect_policy: 'fail' },
  },
  keyword: {
    path: (origin) => `${origin}/keyword`,
    elsewhere: 'https://example.com/',
    words: 'does not hold a text that is looked for',
    reasons: ['keyword_missing'],
    settings: { check_keyword: IMPOSSIBLE_KEYWORD },
  },
  timeout: {
    path: (origin) => `${origin}/slow?delay=5s`,
    elsewhere: `${ECHO}/delay/10`,
    words: 'answers too late',
    reasons: ['http_timeout'],
    settings: { timeout_seconds: 1 },
  },
  tls: {
    path: (origin) => `${origin}/tls`,
    elsewhere: 'https://expired.badssl.com/',
    words: 'shows a certificate that is not to be trusted',
    reasons: ['tls_self_signed', 'tls_untrusted', 'tls_expired'],
  },
};

function closedPortOf(origin: string): string {
  const url = new URL(origin);
  url.protocol = 'http:';
  url.port = String(CLOSED_PORT);
  return url.href;
}
