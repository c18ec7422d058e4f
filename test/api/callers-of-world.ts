/** Everybody who may ask in the world of generated requests: keys of each kind, for the operator and for each tenant. */
import { accessOf } from '../../src/contracts/access.ts';
import { CONTRACTS } from '../../src/contracts/all.ts';
import { allows, bothAllow, type Grants, grantsOf, type ScopeWord } from '../../src/domain/grants.ts';
import type { ApiKeys, NewKey } from '../../src/store/api-keys.ts';
import type { Caller } from './judge-reply.ts';
import type { Owner } from './owners-of-world.ts';

type Wanted = {
  scope: ScopeWord | readonly ScopeWord[];
  /** Whose; null: one that speaks for nobody. */
  owner: Owner | null;
  key?: Pick<NewKey, 'isGateway' | 'tenantId'>;
  /** What a gateway says beside its key. */
  publicScopes?: readonly string[];
};

const ACCESS = new Map(CONTRACTS.map((contract) => [contract.operationId, accessOf(contract)]));

/** The mightiest last. Each may see what is its owner's alone; the operator sees everything but secrets and keys. */
export async function callersOf(
  apiKeys: ApiKeys,
  { operator, tenants }: { operator: Owner; tenants: readonly (Owner & { tenantId: string })[] },
): Promise<Caller[]> {
  const everybody = [operator, ...tenants];
  const tokens: string[] = [];

  async function callerFor({ scope, owner, key = {}, publicScopes }: Wanted): Promise<Caller> {
    const words = typeof scope === 'string' ? [scope] : scope;
    const name = [owner?.tenantId ?? (owner === null ? 'nobody' : 'operator'), ...words].join(' ').slice(0, 128);
    const limit = { rateLimitPerMinute: 1_000_000_000 };
    const { token } = await apiKeys.create({ consumerName: name, scope, ...limit, ...key });
    tokens.push(token);
    const others = owner === operator ? [] : everybody.filter((other) => other !== owner);
    return {
      name: key.isGateway === true ? `gateway of ${name}` : name,
      headers: {
        authorization: `Bearer ${token}`,
        ...(publicScopes === undefined ? {} : context(owner, publicScopes)),
      },
      may: ({ operationId }) => mayCall(operationId, grantsFor(words, publicScopes), owner),
      mustNotSee: [...others.map(({ canary }) => canary), ...everybody.map(({ secret }) => secret)],
      own: owner?.canary ?? null,
    };
  }

  const wanted: Wanted[] = [
    { scope: 'admin', owner: null, key: { isGateway: true } },
    ...tenants.flatMap((owner): Wanted[] => {
      const { tenantId } = owner;
      return [
        { scope: 'admin', owner, key: { tenantId } },
        { scope: ['sites:write', 'events:read', 'stats:read'], owner, key: { tenantId } },
        { scope: 'write', owner, key: { isGateway: true }, publicScopes: ['admin'] },
        { scope: 'admin', owner, key: { isGateway: true }, publicScopes: ['sites:read', 'events:write', 'fleet:read'] },
      ];
    }),
    { scope: ['stats:read', 'server:read'], owner: operator },
    ...(['read', 'write', 'admin'] as const).map((scope) => ({ scope, owner: operator })),
  ];
  const callers: Caller[] = [];
  for (const one of wanted) callers.push(await callerFor(one));
  return callers.map((caller) => ({ ...caller, mustNotSee: [...caller.mustNotSee, ...tokens] }));
}

function context(owner: Owner | null, publicScopes: readonly string[]): Record<string, string> {
  return {
    'x-jetmon-tenant-id': owner?.tenantId ?? '',
    'x-jetmon-public-scopes': publicScopes.join(' '),
    'x-jetmon-gateway-request-id': 'generated',
  };
}

function grantsFor(words: readonly string[], publicScopes: readonly string[] | undefined): Grants {
  const held = grantsOf(words);
  return publicScopes === undefined ? held : bothAllow(held, grantsOf(publicScopes));
}

function mayCall(operationId: string, grants: Grants, owner: Owner | null): boolean {
  const access = ACCESS.get(operationId) ?? null;
  if (access === null) return true;
  if (owner === null) return access.audience === 'every_key';
  if (owner.tenantId !== null && access.audience === 'operator') return false;
  return allows(grants, access.needs);
}
