import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/kit/store.ts';
import { CONTRACTS } from '../../contracts/all.ts';
import { type Composed, composeRequest, type Typed, type Variant } from './compose-request.ts';
import { exampleWords } from './example-line.ts';
import { flagsOf } from './flags.ts';
import { nameOperations } from './operation-names.ts';

const named = nameOperations(CONTRACTS);

function variantsOf(group: string | null, verb: string): Variant[] {
  const found = named.find((one) => one.group === group && one.verb === verb);
  return (found?.variants ?? []).map((contract) => ({ contract, flags: flagsOf(contract) }));
}

/** As commander takes it apart: `--name value`, `--name=value`; a name alone is true. */
function typedAs(words: readonly string[], variants: readonly Variant[]): Typed {
  const flags = variants.flatMap((variant) => variant.flags);
  const given = new Map<string, string[]>();
  const clear: string[] = [];
  const ids: string[] = [];
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const [, shown = '', value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (shown === '') ids.push(word);
    else if (shown === 'clear') clear.push(words[++at] ?? '');
    else {
      const name = flags.find((flag) => flag.alias === shown || flag.name === shown)?.name ?? shown;
      const isBare = value === undefined && (words[at + 1] ?? '--').startsWith('--');
      given.set(name, [...(given.get(name) ?? []), value ?? (isBare ? 'true' : (words[++at] ?? ''))]);
    }
  }
  return { ids, given, clear, body: undefined };
}

function composed(command: string, ...words: string[]): Composed {
  const [group, verb] = command.split(' ');
  const variants = verb === undefined ? variantsOf(null, group ?? '') : variantsOf(group ?? null, verb);
  return composeRequest(variants, typedAs(words, variants), `jetmon2 api ${command}`);
}

describe('a typed request', () => {
  it.each(
    named.flatMap(({ group, verb, variants }) =>
      variants.map((contract) => ({ operation: contract.operationId, group, verb, contract })),
    ),
  )('of the example of $operation is that example', ({ group, verb, contract }) => {
    const variants = variantsOf(group, verb);
    const words = exampleWords({ contract, flags: flagsOf(contract) });
    const request = composeRequest(variants, typedAs(words, variants), 'x');
    const { query = {}, body = {} } = contract.example ?? {};
    // One site is planned for by its own operation, whichever way it is named.
    if (contract.operationId === 'planMaintenance') return expect(request.params).toEqual({ site_id: 1 });
    expect(request.contract.operationId).toBe(contract.operationId);
    expect(texts(request.query)).toEqual(texts(query));
    expect(request.body ?? {}).toEqual(body);
  });

  it('goes to the widest place that the ids lead to', () => {
    expect(composed('events list').contract.operationId).toBe('listEvents');
    expect(composed('events list', '3')).toMatchObject({
      contract: { operationId: 'listSiteEvents' },
      params: { site_id: 3 },
    });
    expect(composed('events list', '--endpoint-id', '4', '3').params).toEqual({ site_id: 3, endpoint_id: 4 });
    expect(composed('events get', '5')).toMatchObject({
      contract: { operationId: 'getEvent' },
      params: { event_id: 5 },
    });
    expect(composed('events get', '5', '--site-id', '3').params).toEqual({ site_id: 3, event_id: 5 });
    expect(composed('maintenance list', '--site-id', '3').contract.operationId).toBe('listSiteMaintenance');
    const plan = ['--start', '2100-05-01T02:00', '--duration-minutes', '5'];
    expect(composed('maintenance create', '--site-id', '3', '--site-id', '4', ...plan).body).toMatchObject({
      site_ids: [3, 4],
    });
    expect(composed('maintenance create', '--all-sites', ...plan).body).toMatchObject({ all_sites: true });
  });

  it('keeps ids exact', () => {
    expect(composed('sites get', '9007199254740993').params).toEqual({ site_id: 9007199254740993n });
  });

  it('has the names that flags of commands have, and the kinds of its members', () => {
    const words = ['--url', 'https://a.example/', '--blog-id', '7', '--monitor-active=false', '--bucket-no', '3'];
    const more = ['--custom-header', 'X-One: a: b', '--custom-header', 'X-Two:c', '--forbidden-keywords', 'Fatal'];
    expect(composed('sites create', ...words, ...more, '--redirect-policy', 'FAIL', '--http2').body).toEqual({
      monitor_url: 'https://a.example/',
      blog_id: 7,
      monitor_active: false,
      bucket_no: 3,
      custom_headers: { 'X-One': 'a: b', 'X-Two': 'c' },
      forbidden_keywords: ['Fatal'],
      redirect_policy: 'fail',
      http2: true,
    });
    const filters = ['--state', 'seems down', '--severity-gte', '3', '--monitor-active', '--q', 'shop'];
    expect(composed('sites list', ...filters).query).toEqual({
      state: 'Seems Down',
      severity__gte: 3,
      monitor_active: 'true',
      q: 'shop',
    });
  });

  it('empties what is to be cleared', () => {
    expect(composed('sites update', '3', '--clear', 'custom-headers', '--clear', 'check-keyword').body).toEqual({
      custom_headers: null,
      check_keyword: null,
    });
  });

  it('takes nested members as JSON, from a file as well', () => {
    const file = join(temporaryFolder(), 'rules.json');
    writeFileSync(file, '{"tls_expiry":{"mode":"cap:Warning"}}');
    expect(composed('sites set-rollup-rules', '1', '--site-checks', `@${file}`).body).toEqual({
      site_checks: { tls_expiry: { mode: 'cap:Warning' } },
    });
  });

  it('is not made of what the contract would refuse; the refusal names flag, cause and fix', () => {
    const refused = (command: string, ...words: string[]) => {
      try {
        composed(command, ...words);
      } catch (error) {
        const { code, message, fix } = error as { code: string; message: string; fix: string };
        return `${code}: ${message} -> ${fix}`;
      }
      return 'it was taken';
    };
    expect(refused('sites create')).toMatch(/^invalid_arguments: --url: it is required -> give --url: Absolute http/);
    expect(refused('sites list', '--limit', 'many')).toMatch(/--limit "many" is not a number -> give a number/);
    expect(refused('sites list', '--limit', '0')).toMatch(/--limit: 0 is less than 1 -> correct --limit/);
    expect(refused('sites list', '--state', 'Doun')).toMatch(
      /--state "Doun" is not known -> did you mean "Down"\? Use one of /,
    );
    expect(refused('sites list', '--limit', '1', '--limit', '2')).toMatch(/--limit is given 2 times -> give it once/);
    expect(refused('sites list', '--monitor-active', 'perhaps')).toMatch(
      /neither true nor false -> write it as --monitor-active=true/,
    );
    expect(refused('sites get')).toMatch(/<site_id> is missing -> write it as `jetmon2 api sites get <site_id>`/);
    expect(refused('sites get', 'x')).toMatch(/<site_id> "x" is not a number/);
    expect(refused('sites get', '0')).toMatch(/<site_id> "0" is not the number of anything/);
    expect(refused('sites get', '1', '2')).toMatch(/there are 2 ids, and that fits nothing/);
    expect(refused('sites update', '1', '--clear', 'http2')).toMatch(/--clear http2 does not go with <site_id>/);
    expect(refused('sites update', '1', '--check-keyword', 'a', '--clear', 'check-keyword')).toMatch(
      /set and cleared at once/,
    );
    expect(refused('maintenance create', '3', '--all-sites')).toMatch(/--all-sites does not go with <site_id>/);
    expect(refused('sites set-rollup-rules', '1', '--site-checks', '{')).toMatch(/--site-checks is not valid JSON/);
    expect(refused('sites set-rollup-rules', '1', '--reverse', '{"mode":"x"}')).toMatch(
      /--reverse \(mode\): "x" is not one of/,
    );
  });

  it('never quotes what may be a secret', () => {
    for (const line of ['canary-5e1a', 'Bad Name: canary-5e1a', 'X: canary-5e1a\u0001', 'Host: canary-5e1a']) {
      const sent = () => composed('sites create', '--url', 'https://a.example', '--custom-header', line);
      expect(sent).toThrow(expect.objectContaining({ code: 'invalid_arguments' }));
      expect(sent).not.toThrow(/canary/);
    }
  });
});

function texts(members: object): Record<string, string> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, String(value)]));
}
