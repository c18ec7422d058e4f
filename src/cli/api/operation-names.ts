/**
 * What each operation is called on the command line, from its path and method alone: `POST /sites/:site_id/pause` is
 * `sites pause`. Operations that ask the same of a wider or narrower place, such as the events of all sites or of one, are
 * one command, and the ids that are given choose.
 */
import type { Contract } from '../../contracts/contract.ts';

export type NamedOperations = {
  /** Null: it stands directly below `api`. */
  group: string | null;
  verb: string;
  /** One for each number of ids, fewest first. */
  variants: readonly [Contract, ...Contract[]];
};

type Name = Pick<NamedOperations, 'group' | 'verb'>;
type Method = Contract['method'];

const OF_LIST: Readonly<Record<Method, string>> = {
  GET: 'list',
  POST: 'create',
  PUT: 'replace',
  PATCH: 'update-all',
  DELETE: 'delete-all',
};
const OF_ONE: Readonly<Record<Method, string>> = {
  GET: 'get',
  POST: 'post',
  PUT: 'set',
  PATCH: 'update',
  DELETE: 'delete',
};

/** In the order of group and verb. */
export function nameOperations(contracts: readonly Contract[]): NamedOperations[] {
  const named = new Map<string, Name & { variants: Contract[] }>();
  const nameOf = namesIn(contracts);
  for (const contract of contracts) {
    const name = nameOf(contract);
    const key = `${name.group ?? ''} ${name.verb}`;
    const known = named.get(key) ?? { ...name, variants: [] };
    known.variants.push(contract);
    named.set(key, known);
  }
  return [...named.values()]
    .sort((one, other) => compare(one.group ?? '', other.group ?? '') || compare(one.verb, other.verb))
    .map(({ group, verb, variants }) => {
      const [fewest, ...more] = variants.sort((one, other) => idsOf(one).length - idsOf(other).length);
      if (fewest === undefined) throw new Error(`no operation is called ${verb}`);
      return { group, verb, variants: [fewest, ...more] };
    });
}

/** Names of the ids in a path, in its order. */
export function idsOf({ path }: Pick<Contract, 'path'>): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
}

function namesIn(contracts: readonly Contract[]): (contract: Contract) => Name {
  const all = contracts.map(({ path }) => segmentsOf(path));
  const collections = new Set(all.flatMap((segments) => segments.filter((_, at) => isId(segments[at + 1]))));
  const first = contracts.map((contract) => nameIn(contract, collections, contracts));
  const groups = new Set(first.map(({ group }) => group));
  return (contract) => {
    const name = nameIn(contract, collections, contracts);
    return name.group === null && groups.has(name.verb) ? { group: name.verb, verb: OF_ONE[contract.method] } : name;
  };
}

function nameIn(contract: Contract, collections: ReadonlySet<string>, all: readonly Contract[]): Name {
  const segments = segmentsOf(contract.path);
  const last = segments.findLastIndex((segment) => collections.has(segment));
  const words = segments
    .filter((segment, at) => !isId(segment) && (at > last || !collections.has(segment)))
    .map((segment) => segment.replace(/\.\w+$/, ''));
  const group = segments[last];
  if (group !== undefined) {
    if (words.length > 0) return { group, verb: verbOf(words, contract, all) };
    return { group, verb: (isId(segments.at(-1)) ? OF_ONE : OF_LIST)[contract.method] };
  }
  const [only = '', ...more] = words;
  if (more.length > 0) return { group: only, verb: verbOf(more, contract, all) };
  if (contract.operationId.startsWith('list')) return { group: only, verb: 'list' };
  return { group: null, verb: verbOf([only], contract, all) };
}

/** The words of the path; with the method before them where it is not the only one there. */
function verbOf(words: readonly string[], { method, path }: Contract, all: readonly Contract[]): string {
  const isOnly = all.every((other) => other.path !== path || other.method === method);
  const before = method === 'GET' || isOnly ? [] : [method === 'POST' ? 'create' : OF_ONE[method]];
  return [...before, ...words].join('-');
}

function segmentsOf(path: string): string[] {
  return path.replace(/^\/api\/v\d+\//, '').split('/');
}

function isId(segment: string | undefined): boolean {
  return segment?.startsWith(':') === true;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
