/** Who may carry out an operation: the one place where its scope, its tag and its audience become what a caller needs. */
import { type Grants, type GranularScope, NOTHING, needOf, type Resource } from '../domain/grants.ts';
import type { Audience, Contract, Scope, Tag } from './contract.ts';

export type Access = {
  /** What it is called where it is counted. */
  name: string;
  scope: Scope;
  /** The words that suffice, all of them, where a key has no coarse scope. Empty: none do. */
  granular: readonly GranularScope[];
  needs: Grants;
  audience: Audience;
  /** Calls a minute for each key, or each tenant; null: no limit but that of the key and the tenant. */
  perMinute: number | null;
};

const RESOURCE_OF: Readonly<Record<Tag, Resource>> = {
  Sites: 'sites',
  Endpoints: 'sites',
  Checks: 'sites',
  Maintenance: 'sites',
  Events: 'events',
  Statistics: 'stats',
  Fleet: 'fleet',
  Identity: 'server',
  Utility: 'server',
};

/** What is of the server itself and not of sites is its operator's, unless a contract says otherwise. */
const OPERATORS: readonly Resource[] = ['server'];

type Stated = Pick<Contract, 'operationId' | 'tag' | 'scope' | 'resources' | 'audience' | 'rateLimit'>;

/** Null: open to everyone. */
export function accessOf({ operationId, tag, scope, resources, audience, rateLimit }: Stated): Access | null {
  if (scope === 'none') return null;
  const about = resources ?? [RESOURCE_OF[tag]];
  const forWhom = audience ?? (about.some((one) => OPERATORS.includes(one)) ? 'operator' : 'tenants');
  const isGranular = scope !== 'admin' && forWhom !== 'every_key';
  return {
    name: rateLimit?.countedAs ?? operationId,
    scope,
    granular: isGranular ? about.map((resource): GranularScope => `${resource}:${scope}`) : [],
    needs: forWhom === 'every_key' ? NOTHING : needOf(scope, about),
    audience: forWhom,
    perMinute: rateLimit?.perMinute ?? null,
  };
}
