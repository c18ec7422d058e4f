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

  it.each(['json', 'csv'])(
    'takes back what export writes as %s without a difference, here and elsewhere',
    async (format) => {
      const here = world();
      await here.applied({ sites: [A, FULL] });
      const exported = await here.run(sites, 'export', '--format', format);
      expect(exported).not.toContain(CANARY);
      const again = await here.run(apply, '-f', here.write(`out.${format}`, exported), '--prune', '--json');
      expect(JSON.parse(again)).toEqual({ dry_run: false, steps: [], unchanged: 2, notes: [] });

      const there = world();
      const file = there.write(`in.${format}`, exported);
      const { notes } = JSON.parse(await there.run(apply, '-f', file, '--json'));
      expect(notes).toEqual(['https://full.example/: the file has no values for X-Key; set them with `sites update`']);
      const withoutNames = (text: string) => text.replace(/,"custom_header_names":\["X-Key"\]/, '');
      if (format === 'json') expect(await there.run(sites, 'export')).toBe(withoutNames(exported));
      expect(JSON.parse(await there.run(apply, '-f', file, '--json'))).toMatchObject({ steps: [], unchanged: 2 });
    },
  );

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

describe('a file that is not right', () => {
  it.each([
    [{ sites: [A, { monitor_url: 'ftp://b.example/' }] }, /site 2 \(ftp:\/\/b\.example\/\): .*scheme ftp:/],
    [{ sites: [A, { ...A, check_interval_seconds: 'often' }] }, /site 2 .*: check_interval_seconds: "often" is not/],
    [{ sites: [{ ...A, check_interval_seconds: 2 }] }, /site 1 .*60/],
    [{ sites: [A, { ...A, nmae: 'x' }] }, /there is no member "nmae"/],
    [{ sites: [A, A] }, /site 2: https:\/\/a\.example\/ is that of site 1 too/],
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

  it('is told by what it is not: not there, not JSON, YAML, or empty where all would be removed', async () => {
    const { run, write, applied, listed } = world();
    await applied({ sites: [A] });
    await expect(run(apply, '-f', 'no-such-file.json')).rejects.toThrow(/cannot be read \(ENOENT\)/);
    await expect(run(apply, '-f', write('a.json', '{"sites": [}'))).rejects.toThrow(/is not valid JSON at offset 11/);
    await expect(run(apply, '-f', write('a.yaml', 'sites:\n  - monitor_url: x'))).rejects.toThrow(/is YAML/);
    await expect(applied({ sites: [] }, '--prune')).rejects.toThrow(/names no site/);
    await expect(run(sites, 'export', '--format', 'yaml')).rejects.toThrow(/neither json nor csv/);
    expect(await listed()).toHaveLength(1);
    const yamlInJson = write('b.yaml', '{"sites": [{"monitor_url": "https://b.example/"}]}');
    expect(await run(apply, '-f', yamlInJson)).toContain('done');
  });
});
