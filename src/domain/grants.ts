/**
 * What a key may do. A scope is one word: `read`, `write` and `admin` are about everything, `<resource>:read` and
 * `<resource>:write` about one kind of thing. Grants are those words as a set of bits, so that what two parties allow
 * is one `&` and a word nobody knows is nothing.
 */

/** What operations are about. `server`: the process itself, its prober, its verifiers. */
export const RESOURCES = ['sites', 'events', 'stats', 'fleet', 'server'] as const;
export type Resource = (typeof RESOURCES)[number];

export const COARSE_SCOPES = ['read', 'write', 'admin'] as const;
export type CoarseScope = (typeof COARSE_SCOPES)[number];
export type GranularScope = `${Resource}:${'read' | 'write'}`;
export type ScopeWord = CoarseScope | GranularScope;

/** Bits: two for each resource, one for what only an admin may. Made by `grantsOf` alone. */
export type Grants = number & { readonly __grants: true };

const ADMIN = 1;

function bitOf(resource: Resource, verb: 'read' | 'write'): number {
  return 1 << (1 + 2 * RESOURCES.indexOf(resource) + (verb === 'read' ? 0 : 1));
}

const READS = RESOURCES.reduce((bits, resource) => bits | bitOf(resource, 'read'), 0);
const WRITES = RESOURCES.reduce((bits, resource) => bits | bitOf(resource, 'write'), 0);

/** Who may write may read the same. */
const BITS: ReadonlyMap<string, number> = new Map<ScopeWord, number>([
  ['read', READS],
  ['write', READS | WRITES],
  ['admin', READS | WRITES | ADMIN],
  ...RESOURCES.flatMap((resource): [ScopeWord, number][] => [
    [`${resource}:read`, bitOf(resource, 'read')],
    [`${resource}:write`, bitOf(resource, 'read') | bitOf(resource, 'write')],
  ]),
]);

/** Every word there is, the three coarse ones first. */
export const SCOPE_WORDS = [...BITS.keys()] as readonly ScopeWord[];

export const NOTHING = 0 as Grants;
export const EVERYTHING = (READS | WRITES | ADMIN) as Grants;

export function isScopeWord(text: string): text is ScopeWord {
  return BITS.has(text);
}

/** Words that are not ours grant nothing. */
export function grantsOf(words: Iterable<string>): Grants {
  let bits = 0;
  for (const word of words) bits |= BITS.get(word) ?? 0;
  return bits as Grants;
}

export function bothAllow(one: Grants, other: Grants): Grants {
  return (one & other) as Grants;
}

export function allows(held: Grants, needed: Grants): boolean {
  return (held & needed) === needed;
}

/** The bits that a coarse scope means for some resources: an `admin` operation wants an admin, whatever it is about. */
export function needOf(scope: CoarseScope, resources: readonly Resource[]): Grants {
  if (scope === 'admin') return EVERYTHING;
  return resources.reduce((bits, resource) => bits | bitOf(resource, scope), 0) as Grants;
}

/** The fewest words that say the same. */
export function wordsOf(grants: Grants): ScopeWord[] {
  const whole = (['admin', 'write', 'read'] as const).find((word) => BITS.get(word) === grants);
  if (whole !== undefined) return [whole];
  return RESOURCES.flatMap((resource): ScopeWord[] => {
    if ((grants & bitOf(resource, 'write')) !== 0) return [`${resource}:write`];
    return (grants & bitOf(resource, 'read')) !== 0 ? [`${resource}:read`] : [];
  });
}
