/** Monitors of UptimeRobot: JSON of its API (`getMonitors` of version 2, or a list of version 3), or CSV by names of columns. */
import { stringifyJson } from '../../lib/json.ts';
import { type Carried, carryAll, leftOver, listIn, type Monitor, NotCarried, type Passage } from './carried.ts';
import { basicAuthorization, headersFrom, methodIn, timeoutIn, urlIn } from './carried-settings.ts';

const USED = [
  ...['url', 'type', 'interval', 'timeout', 'status', 'keywordtype', 'keywordvalue', 'httpmethod', 'httpmethodtype'],
  ...['httpusername', 'httppassword', 'httpauthtype', 'authtype', 'customhttpheaders', 'successhttpresponsecodes'],
  'followredirections',
];
const MEANINGLESS = [
  ...['id', 'createdatetime', 'averageresponsetime', 'alltimeuptimeratio', 'alltimeuptimedurations', 'lastincident'],
  ...['customuptimeratio', 'customuptimeratios', 'customuptimeranges', 'customdowndurations', 'logs', 'responsetimes'],
  ...['currentstateduration', 'lastincidentid', 'responsetimethreshold', 'ssl', 'subtype', 'port', 'uptimeratio'],
];
/** As the API of version 2 numbers them. */
const TYPES: Readonly<Record<string, string>> = { 1: 'http', 2: 'keyword', 3: 'ping', 4: 'port', 5: 'heartbeat' };
const METHODS: Readonly<Record<string, string>> = {
  1: 'HEAD',
  2: 'GET',
  3: 'POST',
  4: 'PUT',
  5: 'PATCH',
  6: 'DELETE',
  7: 'OPTIONS',
};

export function fromUptimeRobot(document: unknown): Carried {
  const monitors = listIn(document, ['monitors', 'data'], 'UptimeRobot').map(named);
  return carryAll(monitors, ({ friendlyname, name }) => String(friendlyname ?? name ?? ''), carry);
}

/** `friendly_name`, `friendlyName` and `Friendly Name` are one; so are `URL`, `URL/IP` and `URL (or IP)`. */
function named(monitor: unknown): unknown {
  if (typeof monitor !== 'object' || monitor === null) return monitor;
  const short = (name: string) =>
    name
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .replace(/^url(?:or)?ip$/, 'url');
  return Object.fromEntries(Object.entries(monitor).map(([name, value]) => [short(name), value]));
}

function carry(monitor: Monitor): Passage {
  const type = typeIn(monitor['type']);
  if (type !== 'http' && type !== 'keyword') throw new NotCarried(`monitors of type "${type}" are not watched here`);
  const behind = leftOver(monitor, [...USED, 'friendlyname'], MEANINGLESS).filter((name) => name !== 'keywordcasetype');
  behind.unshift(...(monitor['friendlyname'] ? ['its name'] : []));
  if (monitor['followredirections'] === false) behind.push('that redirects are not followed');
  const status = String(monitor['status'] ?? '').toLowerCase();
  const { interval } = monitor;
  const method = monitor['httpmethodtype'] ?? METHODS[String(monitor['httpmethod'])] ?? monitor['httpmethod'];
  const row = {
    monitor_url: urlIn(monitor['url']),
    ...(status === '0' || status === 'paused' ? { monitor_active: false } : {}),
    ...(interval ? { check_interval_seconds: Number(interval) } : {}),
    ...timeoutIn(monitor['timeout'], behind),
    // Where a page is searched for a text it has to be read.
    ...(type === 'keyword' ? { request_method: 'GET' } : method ? { request_method: methodIn(method) } : {}),
    ...(type === 'keyword' ? keywordIn(monitor, behind) : {}),
    ...statusesIn(monitor['successhttpresponsecodes'], behind),
    ...headersIn(monitor, behind),
  };
  return { row, behind };
}

function typeIn(type: unknown): string {
  const text = String(type ?? 'http')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  const name = TYPES[text] ?? text;
  return name === 'https' ? 'http' : name;
}

/** The type says what raises the alarm: that the text is there, or that it is not. */
function keywordIn(monitor: Monitor, behind: string[]): Record<string, string> {
  const value = String(monitor['keywordvalue'] ?? '');
  const type = String(monitor['keywordtype'] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');
  if (value === '') throw new NotCarried('it names no keyword');
  const ignoresCase = ['1', 'caseinsensitive'].includes(
    String(monitor['keywordcasetype'])
      .toLowerCase()
      .replace(/[^a-z0-9]/g, ''),
  );
  if (ignoresCase) behind.push('that capitals do not matter in its keyword');
  if (['1', 'exists', 'alertexists'].includes(type)) return { forbidden_keyword: value };
  if (['2', 'notexists', 'alertnotexists'].includes(type)) return { check_keyword: value };
  throw new NotCarried(`its type of keyword ${stringifyJson(monitor['keywordtype'] ?? null)} is not known`);
}

/** Version 3 of the API: `["2xx", "3xx", "404"]`. */
function statusesIn(codes: unknown, behind: string[]): { expected_status?: string } {
  if (!Array.isArray(codes) || codes.length === 0) return {};
  const texts = codes.map((code) => String(code).replace(/^([1-5])xx$/i, '$100-$199'));
  if (texts.every((text) => /^[1-5]\d\d(?:-[1-5]\d\d)?$/.test(text))) return { expected_status: texts.join(',') };
  behind.push('successhttpresponsecodes');
  return {};
}

function headersIn(monitor: Monitor, behind: string[]): { custom_headers?: Record<string, string> } {
  const { customhttpheaders: headers, httpusername: user, httppassword: password } = monitor;
  const auth = String(monitor['httpauthtype'] ?? monitor['authtype'] ?? '1').toLowerCase();
  const isMap = typeof headers === 'object' && headers !== null && !Array.isArray(headers);
  if (headers && !isMap) behind.push('customhttpheaders');
  const given = isMap ? Object.entries(headers).map(([name, value]) => [name, String(value)] as const) : [];
  if (user && auth !== '1' && !auth.includes('basic')) throw new NotCarried('it signs in by digest');
  const all = [...given, ...(user ? Object.entries(basicAuthorization(user, password)) : [])];
  return headersFrom(all, behind);
}
