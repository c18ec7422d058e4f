/** A server as an operator runs it: what it tells of itself, and what signals do to it. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { parseExposition } from '../kit/exposition.ts';
import { type Finished, isAlive, rowsOf, run, serverForTest, temporaryPlace } from '../kit/program.ts';
import { type Site, type SiteOptions, startSite } from '../kit/site.ts';

async function siteForTest(options: SiteOptions = {}): Promise<Site> {
  const site = await startSite(options);
  onTestFinished(() => site.stop());
  return site;
}

function document(finished: Pick<Finished, 'out'>): unknown {
  return JSON.parse(finished.out);
}

/** A place with a configuration file, which is where one lies by default. */
function placeWithConfig(config: object) {
  const place = temporaryPlace();
  mkdirSync(join(place.folder, 'config'));
  const write = (text: string) => writeFileSync(join(place.folder, 'config', 'config.json'), text);
  write(JSON.stringify(config));
  return { ...place, write };
}

const watching = (site: Site) => ({ args: ['--site', site.url, '--every', '1s'] });

describe('what a server tells', () => {
  it('stands in /metrics, on the page of status, in files, in datagrams and in the database', async () => {
    const site = await siteForTest();
    const { folder } = temporaryPlace();
    const received: string[] = [];
    const statsd = createSocket('udp4').on('message', (message) => received.push(message.toString()));
    statsd.bind(0, '127.0.0.1');
    await once(statsd, 'listening');
    onTestFinished(() => void statsd.close());
    const env = {
      STATSD_ADDR: `127.0.0.1:${statsd.address().port}`,
      STATS_UPDATE_INTERVAL_MS: '1000',
      STATSD_SEND_MEM_USAGE: 'true',
      STATS_DIR: join(folder, 'stats'),
    };
    const server = await serverForTest({ folder, env, ...watching(site) });
    const scrape = async (token: string | null) =>
      fetch(`${server.address}/metrics`, { headers: token === null ? {} : { authorization: `Bearer ${token}` } });
    expect((await scrape(null)).status).toBe(401);
    const families = await eventually('a look is counted', async () => {
      const text = await (await scrape(server.token)).text();
      const parsed = parseExposition(text);
      const up = parsed.get('jetmon_looks_total')?.samples.find(({ labels }) => labels['outcome'] === 'up');
      return (up?.value ?? 0) > 0 ? parsed : null;
    });
    expect(families.get('jetmon_targets')?.samples).toMatchObject([{ value: 1 }]);
    const line = await eventually('looks reach StatsD', () =>
      received.find((one) => one.includes('scheduler.streaming.check.success.count:')),
    );
    expect(line).toMatch(/^com\.jetpack\.jetmon\.[A-Za-z0-9_]+\.scheduler\.streaming\.check\.success\.count:\d+\|c$/);
    await eventually('memory reaches StatsD', () => received.some((one) => /\.process\.rss_mb:[\d.]+\|g$/.test(one)));
    await eventually('the files tell of looks', () =>
      /^success : [1-9]/m.test(
        existsSync(join(folder, 'stats', 'totals')) ? readFileSync(join(folder, 'stats', 'totals'), 'utf8') : '',
      ),
    );
    const status = document(await run(['status', '--json'], { folder, env }));
    expect(status).toMatchObject({ ok: true, problems: [], pid: server.pid, state: 'running' });
    expect(status).toMatchObject({ watched: { endpoints: 1, by_state: { Up: 1 } }, database: { answers: true } });
    const page = await run(['status'], { folder, env });
    expect(page).toMatchObject({ code: 0, err: '' });
    for (const label of ['is well', 'state', 'watching', 'prober', 'dispatch', 'events', 'database', 'memory']) {
      expect(page.out).toContain(label);
    }
    const health = () => rowsOf(server.dataDir, 'select pid, state from jetmon_process_health');
    expect(health()).toEqual([{ pid: server.pid, state: 'running' }]);
    await server.end('SIGTERM');
    expect(health()).toEqual([{ pid: server.pid, state: 'stopped' }]);
  });

  it('goes nowhere, and costs nothing, when nobody can take it', async () => {
    const site = await siteForTest();
    const { folder } = temporaryPlace();
    writeFileSync(join(folder, 'in-the-way'), '');
    const env = {
      STATSD_ADDR: 'nowhere.invalid:8125',
      STATS_UPDATE_INTERVAL_MS: '1000',
      STATS_DIR: join(folder, 'in-the-way', 'stats'),
    };
    const server = await serverForTest({ folder, env, ...watching(site) });
    const before = site.requests();
    await eventually('trouble is said', () => server.log().includes('ENOTDIR'));
    await eventually('checks go on', () => site.requests() > before + 2);
    expect(server.log().match(/statistics cannot be handed on/g)?.length).toBeLessThanOrEqual(2);
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0 });
  });

  it('is asked of nobody where none runs', async () => {
    const { folder, dataDir } = temporaryPlace();
    const finished = await run(['status'], { folder });
    expect(finished).toMatchObject({ code: 2, out: '' });
    expect(finished.err).toMatch(/^error: no server runs on data folder .+\. Fix: start one with `jetmon2 serve`/);
    const { err } = await run(['status', '--json'], { folder });
    expect(document({ out: err })).toMatchObject({ error: { code: 'server_not_running' } });
    expect(existsSync(dataDir)).toBe(false);
  });
});

describe('reload', () => {
  it('puts into effect what can be, names what waits, and refuses what is not usable', async () => {
    const { folder, write } = placeWithConfig({ NUM_OF_CHECKS: 3 });
    const server = await serverForTest({ folder });
    write(JSON.stringify({ NUM_OF_CHECKS: 1, NUM_WORKERS: 1 }));
    expect(document(await run(['reload', '--json'], { folder }))).toMatchObject({
      taken: true,
      reloads: 1,
      changed: ['NUM_OF_CHECKS'],
      restart_needed: ['NUM_WORKERS'],
    });
    for (const broken of ['{"NUM_OF_CHECKS": 2, "NUM_W', JSON.stringify({ NUM_OF_CHECKS: 0 })]) {
      write(broken);
      const refused = await run(['reload'], { folder });
      expect(refused).toMatchObject({ code: 1, err: '' });
      expect(refused.out).toMatch(/^refused, and nothing was changed: .*(config\.json|NUM_OF_CHECKS)/);
    }
    expect(server.log()).toContain('the configuration was refused; the one before it holds');
    const { config, ok } = await server.client.status();
    expect(ok).toBe(false);
    expect(config.error).toContain('NUM_OF_CHECKS');
    // One failed look is enough now, as the configuration that was taken says.
    const site = await siteForTest({ behaviour: { kind: 'status', code: 500 } });
    await server.client.sites.watch({ url: site.url, intervalSeconds: 1 });
    const reasons = () =>
      rowsOf(server.dataDir, "select reason from jetmon_event_transitions where reason <> 'state_change'");
    await eventually('the site is down', () => reasons().some(({ reason }) => reason === 'local_confirmed'));
  });

  it('a thousand times in a row, over files that are half written, loses no check', async () => {
    const site = await siteForTest();
    const { folder, write } = placeWithConfig({});
    const server = await serverForTest({ folder, ...watching(site) });
    for (let copy = 0; copy < 1_000; copy += 1) {
      if (copy % 20 === 0) {
        write(copy % 40 === 0 ? '{"LOG_LEVEL": "de' : '{"LOG_LEVEL": "info"}');
        await delay(5);
      }
      process.kill(server.pid, 'SIGHUP');
    }
    const before = site.requests();
    await eventually('checks go on', () => site.requests() > before + 2);
    write('{"LOG_LEVEL": "debug"}');
    expect(await run(['reload'], { folder })).toMatchObject({ code: 0, err: '' });
    expect(rowsOf(server.dataDir, 'select * from jetmon_events')).toEqual([]);
    expect(await server.end('SIGTERM')).toMatchObject({ code: 0, signal: null });
  });

  it('has nobody to ask where none runs', async () => {
    expect(await run(['reload'], temporaryPlace())).toMatchObject({ code: 2, out: '' });
  });
});

describe('drain', () => {
  it('ends a server whose site hangs, and of what it dropped nothing is recorded', async () => {
    const site = await siteForTest({ behaviour: { kind: 'hang', at: 'request' } });
    const { folder } = temporaryPlace();
    const env = { JETMON_PID_FILE: join(folder, 'jetmon2.pid'), NUM_OF_CHECKS: '1', NET_COMMS_TIMEOUT: '60' };
    const server = await serverForTest({ folder, env, ...watching(site) });
    expect(readFileSync(env.JETMON_PID_FILE, 'utf8')).toBe(`${server.pid}\n`);
    await eventually('a check hangs', () => site.requests() > 0);
    const drained = document(await run(['drain', '--json'], { folder, env }));
    expect(drained).toMatchObject({ outcome: 'drained', pid: server.pid, in_flight: 1 });
    expect(await server.finished).toMatchObject({ code: 0, signal: null });
    expect(isAlive(server.pid)).toBe(false);
    expect(existsSync(env.JETMON_PID_FILE)).toBe(false);
    for (const table of ['jetmon_events', 'jetmon_event_transitions', 'jetmon_check_history']) {
      expect(rowsOf(server.dataDir, `select * from ${table}`), table).toEqual([]);
    }
    expect(await run(['drain'], { folder, env })).toMatchObject({ code: 0, err: '' });
  });

  it('records what a check under way brings while there is time', async () => {
    const site = await siteForTest({ behaviour: { kind: 'delay', ms: 800 } });
    const { folder } = temporaryPlace();
    const server = await serverForTest({ folder, args: ['--site', site.url, '--every', '10m'] });
    await eventually('a check is under way', () => site.requests() > 0);
    await server.end('SIGTERM');
    expect(rowsOf(server.dataDir, 'select last_state from jetmon_endpoint_runtime')).toEqual([{ last_state: 'Up' }]);
  });

  it('that takes longer than it may wait says so, and the server ends all the same', async () => {
    const site = await siteForTest({ behaviour: { kind: 'hang', at: 'request' } });
    const { folder } = temporaryPlace();
    const server = await serverForTest({ folder, env: { NET_COMMS_TIMEOUT: '60' }, ...watching(site) });
    await eventually('a check hangs', () => site.requests() > 0);
    const waited = await run(['drain', '--timeout', '1'], { folder });
    expect(waited).toMatchObject({ code: 1, err: '' });
    expect(waited.out).toContain('still runs after');
    expect(await server.finished).toMatchObject({ code: 0 });
  });

  it('sends nothing to a stranger who has the id of a server that is gone', async () => {
    const { folder } = temporaryPlace();
    const env = { JETMON_PID_FILE: join(folder, 'jetmon2.pid') };
    writeFileSync(env.JETMON_PID_FILE, `${process.pid}\n`);
    const finished = await run(['drain'], { folder, env });
    expect(finished).toMatchObject({ code: 2, out: '' });
    expect(finished.err).toContain('which is not a server of jetmon2');
  });
});
