/** Every number that the docs claim, read from a real server: as datagrams, and from `/metrics`. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { METRICS, type MetricName } from '../../src/telemetry/metric-names.ts';
import { createAuthority } from '../kit/certificates.ts';
import { startDnsServer } from '../kit/dns-server.ts';
import { eventually } from '../kit/eventually.ts';
import { parseExposition } from '../kit/exposition.ts';
import { createPlace, run, type Server, startServer } from '../kit/program.ts';
import { type Behaviour, type Site, startSite } from '../kit/site.ts';
import { boundPort } from '../kit/tcp-server.ts';
import { openVerifier, TOKEN } from '../kit/verifier.ts';

/** Nothing counts these until something goes wrong that is not made to go wrong here. */
const NOT_COUNTED_HERE: ReadonlySet<MetricName> = new Set<MetricName>(['false_alarm', 'stats_errors']);

/** Counters that stay at nothing here; tests beside the parts that count reach them. */
const NOT_HEARD_HERE: ReadonlySet<string> = new Set([
  'scheduler.dispatch.backpressure_wait.count',
  'scheduler.streaming.backpressure_wait.count',
  'scheduler.fetch.error.count',
  'scheduler.streaming.voided.count',
  'scheduler.streaming.stalled.count',
  'scheduler.streaming.pressure_suppressed.count',
  'scheduler.streaming.history.error.count',
  'detection.verifier.false_alarm.count',
  'detection.verifier.false_alarm.{class}.count',
  'detection.verifier.regional.count',
  'detection.verifier.no_verdict.count',
  'detection.verifier.no_clients.count',
  'detection.withdrawn.count',
  'detection.seems_down_to_false_alarm.time',
  'eventstore.mutation.retry.count',
  'eventstore.mutation.{op}.retry.count',
  'projection.drift.check_error.count',
]);

/** A verifier is another program, whose own test reads these. */
const CLAIMED = (Object.keys(METRICS) as MetricName[]).filter((name) => !name.startsWith('served_'));

const ends: (() => unknown)[] = [];
/** Path below the prefix to what it came as. */
const heard = new Map<string, string>();
let server: Server;

beforeAll(async () => {
  const sick = await siteThat({ kind: 'status', code: 503 });
  const blinking = await siteThat({ kind: 'status', code: 503 });
  const slow = await siteThat({ kind: 'hang', at: 'request' });
  const well = await siteThat({ kind: 'up' });
  const old = await siteWithOldTls();
  server = await serverThatTells({ ca: old.caPem });
  const watch = (url: string, settings = {}) =>
    server.client.sites.create({ monitor_url: url, check_interval_seconds: 1, ...settings });
  await watch(well.url);
  writeStatus(server.dataDir, 2);
  await watch(`${well.url}head`, { request_method: 'HEAD' });
  await watch(old.url);
  await watch('http://gone.test/');
  await watch(`${sick.url}planned`, hourFromNow());
  await watch(blinking.url);
  const removed = await watch(slow.url);
  const { id } = await watch(sick.url);
  await eventually('a look is out for a site', () => slow.requests() > 0);
  await server.client.sites.remove(removed.id);
  await eventually('a site failed once', () => blinking.requests() > 0);
  blinking.behave({ kind: 'up' });
  const isIn = async (state: string) => (await server.client.sites.get(id)).current_state === state;
  await eventually('a site is down', () => isIn('Down'));
  sick.behave({ kind: 'up' });
  await eventually('it is up again', () => isIn('Up'));
  // Soon after that a refusal is weak evidence.
  await sick.close();
  await run(['reload'], { folder: server.folder });
}, 90_000);

afterAll(async () => {
  for (const end of ends.reverse()) await end();
});

describe('a server at work tells', { timeout: 90_000 }, () => {
  it('every number of the table in /metrics', async () => {
    const expected = CLAIMED.filter((name) => !NOT_COUNTED_HERE.has(name)).map((name) => METRICS[name].prometheus);
    await untilNothing('a metric is missing', async () => {
      const headers = { authorization: `Bearer ${server.token}` };
      const families = parseExposition(await (await fetch(`${server.address}/metrics`, { headers })).text());
      return expected.filter((name) => !families.has(name));
    });
  });

  it('every name of the table by StatsD, as what it is', async () => {
    const names = CLAIMED.flatMap((name) => METRICS[name].statsd.map((one) => ({ ...one, kind: METRICS[name].kind })));
    const expected = names.filter(({ path }) => !NOT_HEARD_HERE.has(path));
    await untilNothing('a name was not heard', () => {
      return expected
        .filter((one) => !isHeardAs(one.path, 'asTime' in one ? 'ms' : KINDS[one.kind]))
        .map(({ path }) => path);
    });
  });
});

const KINDS = { counter: 'c', gauge: 'g', timer: 'ms' } as const;

function isHeardAs(template: string, kind: string): boolean {
  const pattern = new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[a-z0-9_]+')}$`);
  return [...heard].some(([path, as]) => as === kind && pattern.test(path));
}

/** Fails with what there still is when it does not come to an end. */
async function untilNothing(what: string, ask: () => string[] | Promise<string[]>): Promise<void> {
  let left: string[] = [];
  const isNothing = async () => {
    left = await ask();
    return left.length === 0;
  };
  await eventually(what, isNothing).catch(() => expect(left, what).toEqual([]));
}

async function siteThat(behaviour: Behaviour): Promise<Site> {
  const site = await startSite({ behaviour });
  ends.push(site.stop);
  return site;
}

async function siteWithOldTls(): Promise<{ url: string; caPem: string }> {
  const authority = await createAuthority('CA of old versions');
  const identity = await authority.issue({ addresses: ['127.0.0.1'] });
  const versions = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  const door = createServer({ ...identity, ...versions }, (socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  ends.push(() => door.close());
  return { url: `https://127.0.0.1:${boundPort(door)}/`, caPem: authority.caPem };
}

/** With one verifier that answers and one that is not there, and a resolver that knows no name. */
async function serverThatTells({ ca }: { ca: string }): Promise<Server> {
  const place = createPlace();
  const statsd = createSocket('udp4').on('message', (message) => hear(message.toString()));
  statsd.bind(0, '127.0.0.1');
  await once(statsd, 'listening');
  const [dns, verifier] = await Promise.all([startDnsServer(), openVerifier()]);
  ends.push(place.remove, () => statsd.close(), dns.stop, verifier.stop);
  mkdirSync(join(place.folder, 'config'));
  writeFileSync(join(place.folder, 'ca.pem'), ca);
  const there = { host: '127.0.0.1', auth_token: TOKEN };
  const config = {
    STATSD_ADDR: `127.0.0.1:${statsd.address().port}`,
    STATS_UPDATE_INTERVAL_MS: 1_000,
    STATSD_SEND_MEM_USAGE: true,
    CHECK_CA_FILE: join(place.folder, 'ca.pem'),
    CHECK_DNS_RESOLVERS: [dns.address],
    NUM_OF_CHECKS: 2,
    VERIFIER_QUORUM: 1,
    VERIFIERS: [
      { name: 'eu-1', port: verifier.port, ...there },
      { name: 'us-1', port: 1, ...there },
    ],
  };
  writeFileSync(join(place.folder, 'config', 'config.json'), JSON.stringify(config));
  const started = await startServer({ folder: place.folder });
  ends.push(() => started.end('SIGKILL'));
  return started;
}

function hear(line: string): void {
  const [, path = '', kind = ''] = /^com\.jetpack\.jetmon\.\w+\.([a-z0-9_.]+):[\d.]+\|(c|g|ms)$/.exec(line) ?? [];
  heard.set(path === '' ? `not a line of StatsD: ${line}` : path, kind);
}

function hourFromNow() {
  const instant = (ms: number) => new Date(Date.now() + ms).toISOString();
  return { maintenance_start: instant(-60_000), maintenance_end: instant(3_600_000) };
}

/** As another program may write the registry: of all that is in it. */
function writeStatus(dataDir: string, status: number): void {
  const file = new DatabaseSync(join(dataDir, 'jetmon.db'), { timeout: 5_000 });
  file.prepare('update jetpack_monitor_sites set site_status = ?').run(status);
  file.close();
}
