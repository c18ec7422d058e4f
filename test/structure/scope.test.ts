import { describe, expect, it } from 'vitest';
import { isTest, readFiles, withoutComments } from './source-files.ts';

const source = readFiles(['src'])
  .filter(({ path }) => path.endsWith('.ts') && !isTest(path))
  .map(({ path, text }) => ({ path, text: withoutComments(text) }));

const textOf = (path: string) => source.find((file) => file.path === path)?.text ?? '';
const filesIn = (...folders: string[]) => source.filter(({ path }) => folders.some((each) => path.startsWith(each)));

/** The only places that say of an id that it was found within a scope: what they return comes out of scoped queries. */
const FINDERS = ['src/domain/site-scope.ts', 'src/store/endpoints.ts', 'src/store/fleet-walk.ts'];

/** What answers requests, and calls without a scope all the same. */
const WITHOUT: Readonly<Record<string, string>> = {
  createIdempotencyStore: 'answers are kept by tenant and key',
  createTransitionLog: 'makes a repository; its calls take one',
  lockEntriesOf: 'holds rows of a site that was found; tells nothing',
  recordAudit: 'writes',
  sitesOfTenants: 'tells whose sites those are',
  waitForOtherPlans: 'a lock',
  windowsPlannedBy: 'what this very request has planned before',
};

const IN_PARENTHESES = String.raw`\(((?:[^()]|\([^()]*\))*)\)`;

/** Functions of the store that are given a database or a transaction, and what else they take. */
function queries(): Map<string, string> {
  const declared = new RegExp(String.raw`export (?:async )?function\*? (\w+)(?:<[^(]*>)?${IN_PARENTHESES}`, 'g');
  const all = filesIn('src/store/').flatMap(({ text }) => [...text.matchAll(declared)]);
  return new Map(
    all.flatMap(([, name = '', taken = '']) => (/\b(?:Executor|Database|Db|Tx)\b/.test(taken) ? [[name, taken]] : [])),
  );
}

function namesImportedFromStore({ text }: { text: string }): string[] {
  const imports = text.matchAll(/import \{([^}]*)\} from '[^']*\/store\/[^']*'/g);
  return [...imports].flatMap(([, names = '']) => names.split(',').map((name) => name.trim()));
}

describe('whose sites a call may see', () => {
  it('is an argument of every query that those who answer requests import', () => {
    const taken = queries();
    const called = new Set(filesIn('src/services/', 'src/api/').flatMap(namesImportedFromStore));
    const without = [...called].filter(
      (name) => taken.has(name) && !/\bscope: SiteScope\b/.test(taken.get(name) ?? ''),
    );
    expect(without.sort()).toEqual(Object.keys(WITHOUT));
  });

  it.each([
    ['src/store/endpoints.ts', 'Endpoints', []],
    ['src/store/event-queries.ts', 'EventQueries', []],
    ['src/store/transition-log.ts', 'TransitionLog', ['newestId', 'idsIn']],
  ])('is the first argument of every call of %s', (path, name, idsAlone) => {
    const [, members = ''] = new RegExp(String.raw`export interface ${name} \{([\s\S]*?)\n\}`).exec(textOf(path)) ?? [];
    const calls = [...members.matchAll(/^ {2}(\w+)\(\s*([\s\S]*?)\): /gm)];
    expect(calls.length).toBeGreaterThan(idsAlone.length);
    const without = calls.filter(([, , taken = '']) => !taken.startsWith('scope: SiteScope'));
    expect(without.map(([, call]) => call)).toEqual(idsAlone);
  });

  it('is settled before looks at an endpoint are read: no read takes an id as it came in', () => {
    const [, history = ''] =
      /export interface History [\s\S]*?\{([\s\S]*?)\n\}/.exec(textOf('src/store/history/history.ts')) ?? [];
    const made = textOf('src/store/history/reads.ts').split('export function createReads')[1] ?? '';
    const [, reads = ''] = /\n {2}return \{([\s\S]*?)\n {2}\};/.exec(made) ?? [];
    for (const calls of [history, reads]) {
      expect(calls).toMatch(/\bScoped<EndpointId>/);
      expect(calls).not.toMatch(/(?<!Scoped<)\bEndpointId\b/);
    }
  });

  it('is told of an id by the lookups alone', () => {
    const saying = source.filter(({ text }) => /\bas (?:unknown as )?Scoped</.test(text));
    expect(saying.map(({ path }) => path)).toEqual(FINDERS);
    const forAll = filesIn('src/services/', 'src/api/routes/').filter(({ text }) => /\bscoped\(/.test(text));
    expect(forAll).toEqual([]);
  });
});
