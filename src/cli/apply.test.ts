import { describe, expect, it } from 'vitest';
import { dataFolderCommands } from '../../test/kit/data-folder-commands.ts';
import type { Site } from '../contracts/sites.ts';
import * as apply from './apply.ts';
import * as sites from './sites.ts';

const CANARY = 'canary-5b1f';
const A = { monitor_url: 'https://a.example/', check_interval_seconds: 60 };
const FULL = {
  monitor_url: 'https://full.example/',
  more_urls: ['https://full.example/shop'],
  monitor_active: false,
  check_interval_seconds: 300,
  timeout_seconds: 9,
  request_method: 'GET',
  detection_profile: 'full',
  redirect_policy: 'fail',
  expected_status: '200-299, 401',
  check_keyword: 'said "hello", twice',
  forbidden_keyword: 'Fatal',
  forbidden_keywords: ['Oops', 'a,b'],
  http2: true,
  custom_headers: { 'X-Key': CANARY },
};

function world() {
  const folder = dataFolderCommands();
  const listed = async () => (JSON.parse(await folder.run(sites, 'list', '--json')) as { data: Site[] }).data;
  const applied = async (document: object, ...words: string[]) => {
    const file = folder.write('sites.json', document);
    return JSON.parse(await folder.run(apply, '-f', file, '--json', ...words));
  };
  return { ...folder, listed, applied };
}

describe('apply', () => {
  it('creates, changes, pauses, resumes and removes, and does nothing the second time', async () => {
    const { listed, applied } = world();
    const B = { monitor_url: 'https://b.example/', monitor_active: false };
    const first = await applied({ sites: [A, B] });
    expect(first.steps.map((step: { action: string }) => step.action)).toEqual(['create', 'create']);
    expect(await applied({ sites: [A, B] })).toEqual({ dry_run: false, steps: [], unchanged: 2, notes: [] });
    const changed = {
      sites: [{ ...A, check_interval_seconds: 120, check_keyword: 'Hi' }, { monitor_url: B.monitor_url }],
    };
    const second = await applied(changed);
    expect(second.steps).toEqual([
      {
        action: 'update',
        monitor_url: 'https://a.example/',
        site_id: 1,
        changes: { check_interval_seconds: { from: 60, to: 120 }, check_keyword: { from: null, to: 'Hi' } },
      },
      {
        action: 'update',
        monitor_url: B.monitor_url,
        site_id: 2,
        changes: { monitor_active: { from: false, to: true } },
      },
    ]);
    expect((await applied(changed)).unchanged).toBe(2);
    expect((await applied({ sites: [A] })).steps.map((step: { action: string }) => step.action)).toEqual(['update']);
    expect(await listed()).toHaveLength(2);
    await applied({ sites: [A] }, '--prune');
    expect((await listed()).map((site) => site.monitor_url)).toEqual(['https://a.example/']);
  });

  it('does nothing when it is only to say what it would do', async () => {
    const { run, write, listed } = world();
    const file = write('sites.json', { sites: [A] });
    const said = await run(apply, '-f', file, '--dry-run');
    expect(said).toBe(
      '+ https://a.example/: check_interval_seconds 60\n1 to create, 0 as they should be; nothing was changed\n',
    );
    expect(await listed()).toEqual([]);
  });

  it('says in plain words what it does before it does it', async () => {
    const { run, write, applied } = world();
    await applied({ sites: [A, FULL] });
    const file = write('sites.json', { sites: [{ ...A, check_keyword: 'Hi\u001b[2J' }] });
    expect(await run(apply, '-f', file, '--prune')).toBe(
      [
        '~ https://a.example/ (site 1): check_keyword null -> "Hi\\u001b[2J"',
        '- https://full.example/ (site 2)',
        '1 to change, 1 to remove, 0 as they should be',
        'done',
        '',
      ].join('\n'),
    );
  });

  it('watches a removed site again with what the file says and nothing of what it had', async () => {
    const { run, listed, applied } = world();
    await applied({ sites: [FULL] });
    await run(sites, 'remove', '1');
    expect((await applied({ sites: [{ monitor_url: FULL.monitor_url }] })).steps[0].action).toBe('revive');
    const [site] = await listed();
    expect(site).toMatchObject({ id: 1, monitor_active: true, check_keyword: null, custom_header_names: [] });
  });

  it.each(['json', 'yaml', 'csv'])(
    'takes back what export writes as %s without a difference, here and elsewhere',
    async (format) => {
      const here = world();
      await here.applied({ sites: [A, FULL] });
      const exported = await here.output(sites, 'export', '--format', format);
      expect(exported).not.toContain(CANARY);
      const again = await here.run(apply, '-f', here.write(`out.${format}`, exported), '--prune', '--json');
      expect(JSON.parse(again)).toEqual({ dry_run: false, steps: [], unchanged: 2, notes: [] });

      const there = world();
      const file = there.write(`in.${format}`, exported);
      const { notes } = JSON.parse(await there.run(apply, '-f', file, '--json'));
      expect(notes).toEqual(['https://full.example/: the file has no values for X-Key; set them with `sites update`']);
      const withoutNames = (text: string) => text.replace(/,"custom_header_names":\["X-Key"\]/, '');
      if (format === 'json') expect(await there.output(sites, 'export')).toBe(withoutNames(exported));
      expect(JSON.parse(await there.run(apply, '-f', file, '--json'))).toMatchObject({ steps: [], unchanged: 2 });
    },
  );

  it('says of single URLs what it changes, pauses only what is named, and puts checks and rules back to the default', async () => {
    const { run, write, applied } = world();
    const url = 'https://a.example/shop';
    await applied({
      sites: [
        {
          ...A,
          endpoints: [{ monitor_url: url }],
          checks: { tls_expiry: false },
          rollup_rules: { endpoint_rule: 'majority' },
        },
      ],
    });
    const row = { ...A, endpoints: [{ monitor_url: url, monitor_active: false }], checks: {}, rollup_rules: null };
    const file = write('sites.json', { sites: [row] });
    expect(await run(apply, '-f', file)).toBe(
      [
        '~ https://a.example/shop (site 1): monitor_active true -> false',
        '~ https://a.example/ (site 1): check tls_expiry as by default',
        '~ https://a.example/ (site 1): rollup_rules as by default',
        '1 to change, 1 for checks, 1 for rollup rules, 0 as they should be',
        'done',
        '',
      ].join('\n'),
    );
    expect(await applied({ sites: [row] })).toMatchObject({ steps: [], unchanged: 1 });
  });

  it('sends header fields when their names differ or when told to, and shows no value', async () => {
    const { run, write, applied, listed } = world();
    await applied({ sites: [FULL] });
    expect((await applied({ sites: [FULL] })).steps).toEqual([]);
    const [step] = (await applied({ sites: [FULL] }, '--rewrite-headers')).steps;
    expect(step.changes).toEqual({ custom_header_names: { from: null, to: ['X-Key'] } });
    const file = write('more.json', { sites: [{ ...FULL, custom_headers: { 'X-Key': CANARY, 'X-Two': CANARY } }] });
    const said = await run(apply, '-f', file);
    expect(said).toContain('custom_header_names ["X-Key","X-Two"]');
    expect(said).not.toContain(CANARY);
    expect((await listed())[0]?.custom_header_names).toEqual(['X-Key', 'X-Two']);
  });
});

describe('a file of YAML', () => {
  it('is read as a person writes it: with comments, without quotes, and with what sites share said once', async () => {
    const { run, write, listed } = world();
    const file = write(
      'sites.yaml',
      [
        '# Ours. The shop comes first.',
        'sites:',
        '  - &shop',
        '    monitor_url: https://shop.example/?a=1#top # all of it',
        '    blog_id: 9007199254740993',
        '    check_interval_seconds: 300',
        '    expected_status: 200-299, 401',
        "    forbidden_keywords: [Oops, 'it: fails', no]",
        '    custom_headers:',
        `      X-Key: ${CANARY}`,
        '',
        '  - <<: *shop',
        '    monitor_url: https://b.example/',
        '    blog_id: 7',
        '    monitor_active: false',
        '    check_keyword: |-',
        '      two',
        '      lines',
      ].join('\n'),
    );
    await run(apply, '-f', file);
    expect(await run(sites, 'list', '--json')).toContain('9007199254740993');
    const shared = { check_interval_seconds: 300, expected_status: '200-299,401', custom_header_names: ['X-Key'] };
    expect(await listed()).toMatchObject([
      { ...shared, monitor_active: false, check_keyword: 'two\nlines' },
      { ...shared, monitor_active: true, forbidden_keywords: ['Oops', 'it: fails', 'no'] },
    ]);
    expect(JSON.parse(await run(apply, '-f', file, '--json'))).toMatchObject({ steps: [], unchanged: 2 });
  });

  it('brings back every text that was exported, whatever YAML might take it for', async () => {
    const { run, write, applied } = world();
    const texts = [
      ...['no', 'Yes', 'on', '~', 'null', 'True', '1e3', '0x1F', '012', '-1', '.inf', '12:30', '2024-01-31', '<<', '='],
      ...[
        ': x',
        'a: b',
        '- a',
        '? a',
        '# a',
        'a # b',
        '&a',
        '*a',
        '!a',
        '%a',
        '@a',
        '`a',
        '|',
        '>-',
        '[a',
        '{a',
        'a, b',
      ],
      ...[' a ', '"', "it's", 'a\\n', 'two\nlines\n', '\n\n a\n\tb\n ', '\t', '---', '...', '\r\n', 'x'.repeat(500)],
      ...[
        '\u0000\u0007\u001b\u007f',
        '\u0085\u2028\u2029',
        '\ufeffa',
        '\ufffe',
        '\u{1F600}',
        'd\u0131\u202e',
        '\\u0041',
      ],
    ];
    const rows = texts.map((text, at) => ({
      ...{ monitor_url: `https://n${at}.example/`, check_interval_seconds: 60, check_keyword: text },
      ...{ forbidden_keywords: [text, 'x', text] },
    }));
    await applied({ sites: rows });
    const exported = await run(sites, 'export', '--format', 'yaml');
    const again = await run(apply, '-f', write('out.yaml', exported), '--prune', '--json');
    expect(JSON.parse(again)).toEqual({ dry_run: false, steps: [], unchanged: texts.length, notes: [] });
    expect(exported).toMatch(/^[\x20-\x7e\n\u{1F600}\u0131\u202e]+$/u);
  });

  it('may hold no site at all', async () => {
    const { run, write } = world();
    const exported = await run(sites, 'export', '--format', 'yaml');
    expect(exported).toBe('sites: []\n');
    expect(await run(apply, '-f', write('out.yml', exported))).toContain('0 as they should be');
  });

  it.each([
    [
      'sites:\n  - monitor_url: a\n    monitor_url: b',
      /sites\.yaml has the name "monitor_url" twice.* \(line 3, column 5\)/,
    ],
    ['sites:\n  - monitor_url: !Env SITE', /sites\.yaml has the tag "!Env".* \(line 2, column 23\)/],
    ['sites:\n  - __proto__: {}', /sites\.yaml has the name "__proto__".* \(line 2, column 5\)/],
    [`sites:\n  - custom_headers: {X-Key: ${CANARY}`, /brackets that were not closed \(line 2, column \d+\)/],
    ['sites:\n\t- monitor_url: a', /is indented with a tab \(line 2, column 1\)/],
    [
      'sites:\n  - monitor_url: https://a.example\n    expected_status: 200',
      /site 1 .*: expected_status: 200 is not a text/,
    ],
    [`a: &a [x,x,x,x]\n${'b: *a\n'.repeat(2)}`, /has the name "b" twice/],
    ['- monitor_url: https://a.example/\nsites: []', /\(line 2, column 1\)/],
    ['sights: []', /has no list `sites`/],
    ['', /has no list `sites`/],
  ])('changes nothing where it is not right: %j', async (text, problem) => {
    const { run, write, listed } = world();
    const refusal = await run(apply, '-f', write('sites.yaml', text)).catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'invalid_arguments', message: expect.stringMatching(problem) });
    expect((refusal as { fix?: string }).fix).toBeTruthy();
    expect(JSON.stringify(refusal)).not.toContain(CANARY);
    expect(await listed()).toEqual([]);
  });

  it('is refused unread where it is too large', async () => {
    const { run, write } = world();
    const file = write('sites.yaml', `sites: [] #${' '.repeat(8 * 1024 * 1024)}`);
    await expect(run(apply, '-f', file)).rejects.toThrow(/is larger than 8 MiB/);
  });
});

describe('a file that is not right', () => {
  it.each([
    [{ sites: [A, { monitor_url: 'ftp://b.example/' }] }, /site 2 \(ftp:\/\/b\.example\/\): .*scheme ftp:/],
    [{ sites: [A, { ...A, check_interval_seconds: 'often' }] }, /site 2 .*: check_interval_seconds: "often" is not/],
    [{ sites: [{ ...A, check_interval_seconds: 2 }] }, /site 1 .*60/],
    [{ sites: [A, { ...A, nmae: 'x' }] }, /there is no member "nmae"/],
    [{ sites: [A, A] }, /site 2: https:\/\/a\.example\/ is that of site 1 too, tell them apart by their blog_id/],
    [
      {
        sites: [
          { ...A, blog_id: 6 },
          { ...A, blog_id: 6 },
        ],
      },
      /site 2: https:\/\/a\.example\/ is that of site 1 too$/,
    ],
    [{ sites: [{ ...A, more_urls: [A.monitor_url] }] }, /site 1: .* is that of site 1 too/],
    [{ sites: [{ ...A, endpoints: [{ ...A, timeout_seconds: 900 }] }] }, /endpoints\.0\.timeout_seconds: 900 is more/],
    [{ sites: [{ ...A, endpoints: { custom_headers: CANARY } }] }, /endpoints: it is not a list/],
    [{ sites: [A, { monitor_url: 'https://b.example/', checks: { tls_expry: false } }] }, /no check "tls_expry"/],
    [{ sites: [{ ...A, checks: { http: false } }] }, /http always runs/],
    [
      { sites: [{ ...A, rollup_rules: { endpoints: { 'https://c.example': { criticality: 'critical' } } } }] },
      /none of/,
    ],
    [{ sites: [{ ...A, maintenance_start: '2100-01-01T00:00:00Z' }] }, /maintenance_end is missing/],
    [{ sites: [A, 5] }, /site 2: it is not an object/],
    [{ sites: [{ ...A, custom_headers: { Host: CANARY } }] }, /custom_headers/],
    [{ sights: [] }, /has no list `sites`/],
    [{ sites: [], more: 1 }, /has a member "more"/],
  ])('changes nothing: %j', async (document, problem) => {
    const { applied, listed } = world();
    const refusal = await applied(document).catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'invalid_arguments', message: expect.stringMatching(problem) });
    expect(JSON.stringify(refusal)).not.toContain(CANARY);
    expect(await listed()).toEqual([]);
  });

  it('is told by what it is not: not there, not JSON, of no known kind, or empty where all would be removed', async () => {
    const { run, write, applied, listed } = world();
    await applied({ sites: [A] });
    await expect(run(apply, '-f', 'no-such-file.json')).rejects.toThrow(/cannot be read \(ENOENT\)/);
    await expect(run(apply, '-f', write('a.json', '{"sites": [}'))).rejects.toThrow(/is not valid JSON at offset 11/);
    await expect(run(apply, '-f', write('sites', 'sites:'))).rejects.toMatchObject({
      fix: expect.stringMatching(/\.yaml/),
    });
    await expect(applied({ sites: [] }, '--prune')).rejects.toThrow(/names no site/);
    await expect(run(sites, 'export', '--format', 'xml')).rejects.toThrow(/"xml" is not known/);
    expect(await listed()).toHaveLength(1);
  });
});
