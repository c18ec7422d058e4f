/** Endpoints of Gatus: its configuration. */
import { stringifyJson } from '../../lib/json.ts';
import { type Carried, carryAll, leftOver, listIn, type Monitor, NotCarried, type Passage } from './carried.ts';
import { headersFrom, methodIn, redirectsFail, timeoutIn, urlIn } from './carried-settings.ts';
import { conditionsIn } from './gatus-conditions.ts';

const USED = ['enabled', 'name', 'group', 'url', 'method', 'headers', 'interval', 'conditions', 'client'];
const CLIENT_USED = ['timeout', 'ignore-redirect'];
const OTHER_LISTS = ['external-endpoints', 'suites'];
/** Gatus waits so long where nothing is said. */
const DEFAULT_INTERVAL_S = 60;
const DEFAULT_TIMEOUT_S = 10;
const UNIT_S: Readonly<Record<string, number>> = { h: 3_600, m: 60, s: 1, ms: 0.001 };

export function fromGatus(document: unknown): Carried {
  const nameOf = ({ group, name }: Monitor) => [group, name].filter(Boolean).join('/');
  const carried = carryAll(listIn(document, ['endpoints', 'services'], 'Gatus'), nameOf, carry);
  for (const name of OTHER_LISTS) {
    const others = (document as Monitor)[name];
    if (Array.isArray(others) && others.length > 0) carried.notes.push(`${name}: ${others.length} left out`);
  }
  return carried;
}

function carry(monitor: Monitor): Passage {
  for (const kind of ['dns', 'ssh', 'graphql'] as const) {
    if (monitor[kind]) throw new NotCarried(`endpoints with ${kind} are not watched here`);
  }
  const url = urlIn(monitor['url']);
  if (holdsVariable(url)) throw new NotCarried('its address holds a variable of the environment');
  const client = (monitor['client'] ?? {}) as Monitor;
  const behind = leftOver(monitor, USED, []);
  behind.unshift(...(monitor['name'] ? ['its name'] : []));
  behind.push(...leftOver(client, CLIENT_USED, []).map((name) => `client.${name}`));
  const settings = conditionsIn(monitor['conditions'], behind);
  const row = {
    monitor_url: url,
    ...(isOff(monitor['enabled']) ? { monitor_active: false } : {}),
    check_interval_seconds: Math.max(1, Math.round(secondsIn(monitor['interval'], DEFAULT_INTERVAL_S, 'interval'))),
    ...timeoutIn(secondsIn(client['timeout'], DEFAULT_TIMEOUT_S, 'time-out'), behind),
    request_method: methodIn(monitor['method']),
    ...settings,
    ...(isOn(client['ignore-redirect']) ? redirectsFail(settings.expected_status) : {}),
    ...headersIn(monitor['headers'], behind),
  };
  return { row, behind };
}

/** A duration of Go, such as `1m30s`. Throws NotCarried. */
function secondsIn(text: unknown, otherwise: number, what: string): number {
  if (text === undefined || text === null || text === '') return otherwise;
  const parts = [...String(text).matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== String(text)) {
    throw new NotCarried(`its ${what} ${stringifyJson(text)} is not a duration`);
  }
  return parts.reduce((sum, [, count, unit = 's']) => sum + Number(count) * (UNIT_S[unit] ?? 1), 0);
}

/** Where Gatus wants true or false it takes the words of YAML 1.1 too, which are texts since. */
function isOff(value: unknown): boolean {
  return value === false || (typeof value === 'string' && /^(?:n|no|off)$/i.test(value));
}

function isOn(value: unknown): boolean {
  return value === true || (typeof value === 'string' && /^(?:y|yes|on)$/i.test(value));
}

function headersIn(headers: unknown, behind: string[]): { custom_headers?: Record<string, string> } {
  const given = typeof headers === 'object' && headers !== null ? Object.entries(headers) : [];
  const known = given.flatMap(([name, value]) => {
    if (!holdsVariable(String(value))) return [[name, String(value)] as const];
    behind.push(`header ${name}`);
    return [];
  });
  return headersFrom(known, behind);
}

/** Gatus fills in the environment it runs in, which is not here. */
function holdsVariable(text: string): boolean {
  return /\$\{?\w/.test(text);
}
