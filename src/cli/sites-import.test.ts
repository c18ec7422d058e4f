import { describe, expect, it } from 'vitest';
import { dataFolderCommands } from '../../test/kit/data-folder-commands.ts';
import type { Site } from '../contracts/sites.ts';
import * as sites from './sites.ts';

const CANARY = 'canary-9d3e';

async function imported(name: string, content: string | object, from: string) {
  const { run, write } = dataFolderCommands();
  const file = write(name, content);
  const dry = JSON.parse(await run(sites, 'import', file, '--from', from, '--dry-run', '--json'));
  expect(JSON.parse(await run(sites, 'list', '--json')).data).toEqual([]);
  const said = await run(sites, 'import', file, '--from', from);
  expect(said).not.toContain(CANARY);
  const list = async () => (JSON.parse(await run(sites, 'list', '--json')) as { data: Site[] }).data;
  const watched = await list();
  const again = JSON.parse(await run(sites, 'import', file, '--from', from, '--json'));
  expect(again.steps).toEqual([]);
  expect(await list()).toHaveLength(watched.length);
  return { watched, said, notes: dry.not_carried_over as string[] };
}

describe('an import from Uptime Kuma', () => {
  const usual = {
    ...{ user_id: 1, weight: 2000, active: true, type: 'http', method: 'GET', interval: 60, timeout: 48 },
    ...{ retryInterval: 60, packetSize: 56, dns_resolve_type: 'A', dns_resolve_server: '1.1.1.1', maxredirects: 10 },
    ...{ accepted_statuscodes: ['200-299'], keyword: null, invertKeyword: false, ignoreTls: false, upsideDown: false },
    ...{
      headers: null,
      body: null,
      httpBodyEncoding: 'json',
      authMethod: null,
      maxretries: 0,
      tags: [],
      proxyId: null,
    },
  };
  const backup = {
    version: '1.23.0',
    notificationList: [{ id: 1, name: 'mail', config: '{}' }],
    monitorList: [
      { ...usual, id: 1, name: 'plain', url: 'https://plain.example' },
      {
        ...usual,
        ...{ id: 2, name: 'shop', type: 'keyword', url: 'https://shop.example/', keyword: 'Cart', interval: 20 },
        ...{ accepted_statuscodes: ['200-299', '404'], maxredirects: 0, active: false, timeout: 9.5, maxretries: 3 },
        ...{ headers: `{"X-Key": "${CANARY}", "Host": "other"}`, ignoreTls: true, notificationIDList: { 1: true } },
      },
      {
        ...usual,
        id: 3,
        name: 'no-fatal',
        type: 'keyword',
        url: 'https://f.example/',
        keyword: 'Fatal',
        invertKeyword: true,
      },
      {
        ...usual,
        id: 4,
        name: 'auth',
        url: 'https://auth.example/',
        authMethod: 'basic',
        basic_auth_user: 'me',
        basic_auth_pass: CANARY,
      },
      { ...usual, id: 5, name: 'ping', type: 'ping', url: 'https://', hostname: 'h.example' },
      { ...usual, id: 6, name: 'post', method: 'POST', url: 'https://p.example/' },
      { ...usual, id: 7, name: 'upside', upsideDown: true, url: 'https://u.example/' },
      { ...usual, id: 8, name: 'twice', url: 'https://plain.example/' },
      { ...usual, id: 9, name: 'moved', url: 'https://m.example/', maxredirects: 0, accepted_statuscodes: ['301'] },
    ],
  };

  it('watches what is HTTP as it was watched, and names all else', async () => {
    const { watched, notes } = await imported('kuma.json', backup, 'uptime-kuma');
    expect(watched).toHaveLength(4);
    const of = (url: string) => watched.find((site) => site.monitor_url === url);
    expect(of('https://plain.example/')).toMatchObject({
      ...{ check_interval_seconds: 60, timeout_seconds: 48, request_method: 'GET', expected_status: '200-299' },
      ...{ check_keyword: null, redirect_policy: 'follow', monitor_active: true },
    });
    expect(of('https://shop.example/')).toMatchObject({
      ...{ monitor_active: false, timeout_seconds: 10, expected_status: '200-299,404', check_keyword: 'Cart' },
      ...{ redirect_policy: 'fail', custom_header_names: ['X-Key'] },
    });
    expect(of('https://f.example/')).toMatchObject({ check_keyword: null, forbidden_keyword: 'Fatal' });
    expect(of('https://auth.example/')).toMatchObject({ custom_header_names: ['Authorization'] });
    expect(notes).toEqual([
      'plain: not carried over: name',
      'shop: not carried over: ignoreTls, maxretries, name, notificationIDList, header Host',
      'no-fatal: not carried over: name',
      'auth: not carried over: name',
      'ping: left out: monitors of type "ping" are not watched here',
      'post: left out: it sends POST, and only GET and HEAD are sent here',
      'upside: left out: it is upside down: up where the site is down',
      'twice: left out: its URL is that of another monitor of the file: https://plain.example/',
      'moved: left out: it takes a redirect that it does not follow for a good answer',
      'https://shop.example/: checked every 60 s instead of every 20 s',
    ]);
  });

  it('refuses another document, and leaves what is watched as it is', async () => {
    const { run, write } = dataFolderCommands();
    const from = ['--from', 'uptime-kuma'];
    await expect(run(sites, 'import', write('a.json', { a: 1 }), ...from)).rejects.toThrow(
      /not an export of Uptime Kuma/,
    );
    await run(sites, 'add', 'https://plain.example', '--every', '5m');
    await run(sites, 'import', write('kuma.json', backup), ...from);
    const { data } = JSON.parse(await run(sites, 'list', '--json')) as { data: Site[] };
    expect(data[0]).toMatchObject({ monitor_url: 'https://plain.example/', check_interval_seconds: 300 });
  });
});

describe('an import from Gatus', () => {
  const configuration = {
    storage: { type: 'memory' },
    'external-endpoints': [{ name: 'pushed', token: CANARY }],
    endpoints: [
      {
        name: 'front',
        group: 'core',
        url: 'https://front.example/',
        interval: '5m',
        conditions: ['[STATUS] == 200', '[BODY].status == UP', '[RESPONSE_TIME] < 150'],
      },
      {
        name: 'back',
        url: 'https://back.example/',
        interval: '1m30s',
        method: 'HEAD',
        headers: { 'X-Key': CANARY, 'X-Env': `\${TOKEN}` },
        client: { timeout: '4500ms', 'ignore-redirect': true, insecure: true },
        conditions: ['[STATUS] >= 200', '[STATUS] < 300', '[CONNECTED] == true'],
        alerts: [{ type: 'slack' }],
      },
      {
        name: 'text',
        enabled: false,
        url: 'https://text.example/',
        conditions: ['[BODY] == pat(*Welcome*)', '[BODY] != pat(*Fatal*)'],
      },
      { name: 'any', url: 'https://any.example/', conditions: ['[STATUS] == any(200, 429)'] },
      { name: 'icmp', url: 'icmp://h.example', conditions: ['[CONNECTED] == true'] },
      { name: 'dns', url: '8.8.8.8', dns: { 'query-name': 'example.com' }, conditions: [] },
      { name: 'secret', url: `https://e.example/\${KEY}`, conditions: [] },
    ],
  };

  it('reads conditions on status and texts, and names all else', async () => {
    const { watched, notes } = await imported('gatus.json', configuration, 'gatus');
    const shown = watched.map((site) => [
      site.monitor_url,
      site.check_interval_seconds,
      site.timeout_seconds,
      site.expected_status,
      site.check_keyword ?? '',
      site.forbidden_keywords.join(),
    ]);
    expect(shown).toEqual([
      ['https://front.example/', 300, 10, '200', '', ''],
      ['https://back.example/', 90, 5, '200-299', '', ''],
      ['https://text.example/', 60, 10, '100-599', 'Welcome', 'Fatal'],
      ['https://any.example/', 60, 10, '200,429', '', ''],
    ]);
    expect(watched[1]).toMatchObject({
      request_method: 'HEAD',
      redirect_policy: 'fail',
      custom_header_names: ['X-Key'],
    });
    expect(watched[2]).toMatchObject({ monitor_active: false });
    expect(notes).toEqual([
      'core/front: not carried over: its name, condition [BODY].status == UP, condition [RESPONSE_TIME] < 150',
      'back: not carried over: its name, alerts, client.insecure, header X-Env',
      'text: not carried over: its name',
      'any: not carried over: its name',
      'icmp: left out: "icmp://h.example" is not an http or https address',
      'dns: left out: endpoints with dns are not watched here',
      'secret: left out: its address holds a variable of the environment',
      'external-endpoints: 1 left out',
    ]);
  });
});

describe('an import from the YAML of Gatus', () => {
  it('reads it with its anchors, its merges and its words for true and false', async () => {
    const text = [
      'x-defaults: &defaults # shared',
      '  interval: 5m',
      '  client: { timeout: 4s, ignore-redirect: yes }',
      '  conditions:',
      '    - "[STATUS] == 200"',
      'endpoints:',
      '  - name: front',
      '    <<: *defaults',
      '    url: https://front.example/',
      '  - name: back',
      '    <<: *defaults',
      '    enabled: no',
      '    url: "https://back.example/"',
      '    interval: 90s',
      '    headers:',
      '      X-Count: 9007199254740993',
      `      X-Key: ${CANARY}`,
    ].join('\n');
    const { watched, notes } = await imported('config.yaml', text, 'gatus');
    const shared = { timeout_seconds: 4, redirect_policy: 'fail', expected_status: '200' };
    expect(watched).toMatchObject([
      { ...shared, monitor_url: 'https://front.example/', check_interval_seconds: 300, monitor_active: true },
      { ...shared, check_interval_seconds: 90, monitor_active: false, custom_header_names: ['X-Count', 'X-Key'] },
    ]);
    expect(notes).toEqual(['front: not carried over: its name', 'back: not carried over: its name']);
  });

  it('says where it cannot be read, and leaves out an address that is a number', async () => {
    const { run, write } = dataFolderCommands();
    const broken = write('broken.yaml', 'endpoints:\n  - url: [');
    await expect(run(sites, 'import', broken, '--from', 'gatus')).rejects.toThrow(
      /broken\.yaml .* \(line 2, column \d+\)/,
    );
    const { notes } = await imported('odd.yml', 'endpoints: [{ url: 9223372036854775807 }]', 'gatus');
    expect(notes).toEqual(['monitor 1: left out: 9223372036854775807 is not an http or https address']);
  });
});

describe('an import from UptimeRobot', () => {
  it('reads what its API answers', async () => {
    const reply = {
      stat: 'ok',
      pagination: { offset: 0, limit: 50, total: 6 },
      monitors: [
        {
          id: 1,
          friendly_name: 'Plain',
          url: 'https://plain.example',
          type: 1,
          sub_type: '',
          interval: 300,
          timeout: 30,
          status: 2,
          create_datetime: 1_600_000_000,
          http_method: 1,
        },
        {
          id: 2,
          friendly_name: 'Broken when there',
          url: 'https://a.example/',
          type: 2,
          keyword_type: 1,
          keyword_case_type: 0,
          keyword_value: 'Fatal',
          interval: 60,
          status: 0,
        },
        {
          id: 3,
          friendly_name: 'Broken when gone',
          url: 'https://b.example/',
          type: 2,
          keyword_type: 2,
          keyword_case_type: 1,
          keyword_value: 'Cart',
          interval: 60,
          status: 9,
          http_username: 'me',
          http_password: CANARY,
          http_auth_type: 1,
        },
        { id: 4, friendly_name: 'Ping', url: 'h.example', type: 3, interval: 300, status: 2 },
        {
          id: 5,
          friendly_name: 'Digest',
          url: 'https://d.example/',
          type: 1,
          interval: 300,
          status: 2,
          http_username: 'me',
          http_password: CANARY,
          http_auth_type: 2,
        },
        { id: 6, friendly_name: 'Sends', url: 'https://s.example/', type: 1, http_method: 3, interval: 300, status: 2 },
      ],
    };
    const { watched, notes } = await imported('monitors.json', reply, 'uptimerobot');
    expect(watched).toMatchObject([
      {
        monitor_url: 'https://plain.example/',
        request_method: 'HEAD',
        timeout_seconds: 30,
        check_interval_seconds: 300,
      },
      { monitor_url: 'https://a.example/', monitor_active: false, forbidden_keyword: 'Fatal', check_keyword: null },
      { monitor_url: 'https://b.example/', check_keyword: 'Cart', custom_header_names: ['Authorization'] },
    ]);
    expect(notes).toEqual([
      'Plain: not carried over: its name',
      'Broken when there: not carried over: its name',
      'Broken when gone: not carried over: its name, that capitals do not matter in its keyword',
      'Ping: left out: monitors of type "ping" are not watched here',
      'Digest: left out: it signs in by digest',
      'Sends: left out: it sends POST, and only GET and HEAD are sent here',
    ]);
  });

  it('reads version 3 of its API and CSV by the names of columns', async () => {
    const list = {
      data: [
        {
          id: 1,
          friendlyName: 'Api',
          url: 'https://api.example/',
          type: 'HTTP',
          interval: 60,
          status: 'PAUSED',
          httpMethodType: 'GET',
          successHttpResponseCodes: ['2xx', '404'],
          followRedirections: false,
          tags: ['x'],
        },
      ],
    };
    const three = await imported('list.json', list, 'uptimerobot');
    expect(three.watched).toMatchObject([{ monitor_active: false, expected_status: '200-299,404' }]);
    expect(three.notes).toEqual(['Api: not carried over: its name, tags, that redirects are not followed']);
    const csv =
      'Friendly Name,URL/IP,Type,Keyword Type,Keyword Value,Interval,Alert Contacts\n' +
      '"Shop, main",https://shop.example/,Keyword,Not exists,"said ""hi""",300,mail\n' +
      'Door,h.example,Port,,,300,\n';
    const lines = await imported('monitors.csv', csv, 'uptimerobot');
    expect(lines.watched).toMatchObject([{ check_keyword: 'said "hi"', check_interval_seconds: 300 }]);
    expect(lines.notes).toEqual([
      'Shop, main: not carried over: its name, alertcontacts',
      'Door: left out: monitors of type "port" are not watched here',
    ]);
  });
});

describe('an import from CSV', () => {
  it('takes one line a site, by the names of members', async () => {
    const csv = 'monitor_url,check_interval_seconds,forbidden_keywords\nhttps://a.example/,120,"[""x"",""y""]"\n';
    const { watched } = await imported('sites.csv', csv, 'csv');
    expect(watched).toMatchObject([{ check_interval_seconds: 120, forbidden_keywords: ['x', 'y'] }]);
  });

  it('imports nothing when one line is wrong or the source is not known', async () => {
    const { run, write } = dataFolderCommands();
    const csv = write('sites.csv', 'monitor_url,http2\nhttps://a.example/,true\nhttps://b.example/,maybe\n');
    await expect(run(sites, 'import', csv, '--from', 'csv')).rejects.toThrow(
      /site 2 .*http2: "maybe" is not true or false/,
    );
    await expect(run(sites, 'import', csv, '--from', 'pingdom')).rejects.toThrow(/"pingdom" is not known/);
    expect(JSON.parse(await run(sites, 'list', '--json')).data).toEqual([]);
  });
});
