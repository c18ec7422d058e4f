/** Monitors of Uptime Kuma: its JSON backup (`monitorList`), or the list of monitors that its API gives. */
import { parseJson } from '../../lib/json.ts';
import { type Carried, carryAll, leftOver, listIn, type Monitor, NotCarried, type Passage } from './carried.ts';
import { basicAuthorization, headersFrom, methodIn, redirectsFail, timeoutIn, urlIn } from './carried-settings.ts';

const USED = [
  ...['type', 'url', 'method', 'interval', 'timeout', 'active', 'forceInactive', 'keyword', 'invertKeyword'],
  ...['accepted_statuscodes', 'maxredirects', 'headers', 'authMethod', 'basic_auth_user', 'basic_auth_pass'],
];
/** Identities, places on its page, and defaults of other types of monitors. */
const MEANINGLESS = [
  ...['id', 'user_id', 'weight', 'pathName', 'path', 'includeSensitiveData', 'screenshot', 'hostname', 'port'],
  ...['packetSize', 'dns_resolve_type', 'dns_resolve_server', 'dns_last_result', 'docker_container', 'docker_host'],
  ...['httpBodyEncoding', 'gamedigGivenPortOnly', 'kafkaProducerSaslOptions', 'rabbitmqNodes', 'conditions'],
  ...['mqttCheckType', 'jsonPathOperator', 'snmpVersion', 'ping_count', 'ping_numeric', 'ping_per_request_timeout'],
  ...['retryInterval', 'childrenIDs', 'maintenance', 'oauth_auth_method', 'cacheBust', 'jsonPath'],
];

export function fromUptimeKuma(document: unknown): Carried {
  return carryAll(
    listIn(document, ['monitorList', 'monitors'], 'Uptime Kuma'),
    ({ name }) => String(name ?? ''),
    carry,
  );
}

function carry(monitor: Monitor): Passage {
  const { type, url, interval, active = true, forceInactive, keyword, invertKeyword, authMethod } = monitor;
  if (type !== 'http' && type !== 'keyword') throw new NotCarried(`monitors of type "${type}" are not watched here`);
  if (monitor['upsideDown']) throw new NotCarried('it is upside down: up where the site is down');
  if (authMethod && authMethod !== 'basic') throw new NotCarried(`it signs in by ${authMethod}`);
  const behind = leftOver(monitor, USED, MEANINGLESS);
  const isPaused = !active || forceInactive === true;
  const text = type === 'keyword' && typeof keyword === 'string' && keyword !== '' ? keyword : null;
  const statuses = statusesIn(monitor['accepted_statuscodes']);
  const row = {
    monitor_url: urlIn(url),
    ...(isPaused ? { monitor_active: false } : {}),
    ...(interval === undefined ? {} : { check_interval_seconds: interval }),
    ...timeoutIn(monitor['timeout'], behind),
    request_method: methodIn(monitor['method']),
    expected_status: statuses,
    ...(text === null ? {} : invertKeyword ? { forbidden_keyword: text } : { check_keyword: text }),
    ...(monitor['maxredirects'] === 0 ? redirectsFail(statuses) : {}),
    ...headersIn(monitor, behind),
  };
  return { row, behind };
}

/** Kuma takes 200-299 where nothing is said. */
function statusesIn(accepted: unknown): string {
  return Array.isArray(accepted) && accepted.length > 0 ? accepted.map(String).join(',') : '200-299';
}

function headersIn(monitor: Monitor, behind: string[]): { custom_headers?: Record<string, string> } {
  const { headers, authMethod, basic_auth_user: user, basic_auth_pass: password } = monitor;
  const parsed = typeof headers === 'string' && headers.trim() !== '' ? parseJson(headers) : null;
  const isMap = parsed?.ok === true && typeof parsed.value === 'object' && parsed.value !== null;
  if (parsed !== null && !isMap) behind.push('headers (they are not a JSON object)');
  const given = isMap
    ? Object.entries(parsed.value as object).map(([name, value]) => [name, String(value)] as const)
    : [];
  const all = [
    ...given,
    ...(user && authMethod !== undefined ? Object.entries(basicAuthorization(user, password)) : []),
  ];
  return headersFrom(all, behind);
}
