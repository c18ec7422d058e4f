/**
 * Every route as every kind of caller. The list of routes is that of the server, so a new one is in here by itself: its
 * example is what is asked, and what belongs to the tenant `acme` must not be seen in any reply to another.
 */
import { describe, expect, it } from 'vitest';
import { type ApiFixture, LOCAL_KEY, type Reply, startApi } from '../../test/kit/api.ts';
import { appendTo } from '../../test/kit/store.ts';
import { accessOf } from '../contracts/access.ts';
import type { Contract } from '../contracts/contract.ts';
import { COARSE_SCOPES, type CoarseScope, RESOURCES, type ScopeWord } from '../domain/grants.ts';
import type { NewKey } from '../store/api-keys.ts';
import { allRoutes } from './routes/routes.ts';

const CONTRACTS = allRoutes({} as never, {} as never, {
  proberStats: () => null,
  status: null,
  verifiers: null,
  lookNow: null,
}).map(({ contract }) => contract);

/** Stands in everything that acme has. */
const CANARY = 'canary-of-acme';
/** What acme sees afterwards, so that a change by another would show. */
const ACMES_OWN = ['/api/v1/sites/1', '/api/v1/events/1'];
/** Answers of a caller who is let in, whatever becomes of the request. */
const REFUSALS = [401, 403, 429];

type Caller = { token: string | null; headers?: Record<string, string> };

async function start() {
  const api = await startApi();
  const keyOf = async (wanted: Partial<NewKey>): Promise<Caller> => {
    const { token } = await api.apiKeys.create({
      consumerName: 'test',
      scope: 'admin',
      rateLimitPerMinute: 9_999,
      ...wanted,
    });
    return { token };
  };
  return { api, keyOf, acme: await plant(api, await keyOf({ tenantId: 'acme' })) };
}

/** Site 1 with endpoint 1 and event 1, as the examples want them, all of it acme's. */
async function plant(api: ApiFixture, acme: Caller): Promise<Caller> {
  const made = await api.ask('POST', '/api/v1/sites', {
    token: acme.token,
    body: {
      monitor_url: `https://${CANARY}.example/${CANARY}?${CANARY}`,
      check_keyword: CANARY,
      forbidden_keyword: `not ${CANARY}`,
      custom_headers: { [`X-${CANARY}`]: CANARY },
    },
  });
  expect([made.status, made.body.id]).toEqual([201, 1]);
  const [endpoint] = await api.endpoints.all({ kind: 'all' });
  if (endpoint === undefined) throw new Error('the site has no endpoint');
  const opened = { op: 'open', state: 'Seems Down', startedAtMs: 1_000, reason: 'opened' } as const;
  await api.events.append(appendTo(endpoint, [opened], { metadata: { summary: CANARY } }));
  api.record(endpoint);
  return acme;
}

/** A minute later each time, so that no limit of a minute is in the way. */
function ask(api: ApiFixture, contract: Contract, caller: Caller, idInstead?: number): Promise<Reply> {
  api.clock.move(60_000);
  const { params = {}, query = {}, body } = contract.example ?? {};
  const path = contract.path.replace(/:(\w+)/g, (_, name: string) => String(idInstead ?? params[name] ?? 1));
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  const sent = body ?? (contract.body === undefined ? undefined : {});
  return api.ask(contract.method, search === '' ? path : `${path}?${search}`, {
    ...caller,
    ...(sent === undefined ? {} : { body: sent }),
  });
}

function behindGateway(gateway: Caller, tenantId: string, scopes = 'admin'): Caller {
  const headers = {
    'x-jetmon-tenant-id': tenantId,
    'x-jetmon-public-scopes': scopes,
    'x-jetmon-gateway-request-id': 'matrix',
  };
  return { ...gateway, headers };
}

function codeOf(reply: Reply): [number, string | undefined] {
  return [reply.status, reply.body?.error?.code];
}

/** A refusal without the numbers in it: those that were asked for, and that of the request. */
function shapeOf(reply: Reply): unknown {
  const { request_id: _, ...error } = reply.body?.error ?? {};
  return [reply.status, reply.body?.data, JSON.stringify(error).replace(/\d+/g, '#')];
}

function expectLetIn(reply: Reply, who: string): void {
  expect(REFUSALS, `${who}: ${reply.text}`).not.toContain(reply.status);
  expect([500, 502, 504], `${who}: ${reply.text}`).not.toContain(reply.status);
}

describe.each(CONTRACTS.map((contract) => [contract.operationId, contract] as const))('%s', (_, contract) => {
  const access = accessOf(contract);

  it('is refused to whoever has no key, or a wrong one', async () => {
    const { api } = await start();
    const wrong = { token: `jm_${'A'.repeat(52)}` };
    if (access === null) return expectLetIn(await ask(api, contract, { token: null }), 'nobody');
    expect(codeOf(await ask(api, contract, { token: null }))).toEqual([401, 'missing_token']);
    expect(codeOf(await ask(api, contract, wrong))).toEqual([401, 'invalid_token']);
  });

  it('is open to the scopes that suffice, and to no others', async () => {
    const { api, keyOf } = await start();
    if (access === null) return;
    const rank = (word: CoarseScope) => COARSE_SCOPES.indexOf(word);
    const isForAll = access.audience === 'every_key';
    const enough = COARSE_SCOPES.filter((word) => isForAll || rank(word) >= rank(access.scope));
    const tooLittle = COARSE_SCOPES.filter((word) => !enough.includes(word));
    const others = RESOURCES.filter((one) => !access.granular.some((word) => word.startsWith(`${one}:`)));
    const unfit: ScopeWord[][] = isForAll ? [] : others.map((one) => [`${one}:write`, `${one}:read`]);
    if (access.granular.length > 1) unfit.push(...access.granular.map((word) => [word]));
    if (access.scope === 'write') unfit.push(RESOURCES.map((one): ScopeWord => `${one}:read`));
    for (const scope of [...tooLittle.map((word) => [word]), ...unfit]) {
      const reply = await ask(api, contract, await keyOf({ scope }));
      expect(codeOf(reply), scope.join()).toEqual([403, 'insufficient_scope']);
    }
    const fit: ScopeWord[][] = enough.map((word) => [word]);
    if (access.granular.length > 0) fit.unshift([...access.granular]);
    for (const scope of fit) expectLetIn(await ask(api, contract, await keyOf({ scope })), scope.join());
  });

  it('wants to know of a gateway for whom it asks, and lets no tenant do what public scopes do not say', async () => {
    const { api, keyOf } = await start();
    if (access === null) return;
    const gateway = await keyOf({ isGateway: true });
    const bare = await ask(api, contract, gateway);
    const mute = await ask(api, contract, behindGateway(gateway, 'acme', 'unheard:of'));
    if (access.audience === 'every_key') {
      for (const reply of [bare, mute]) expectLetIn(reply, 'a gateway');
      return;
    }
    expect(codeOf(bare)).toEqual([403, 'forbidden_gateway_context']);
    const isOperators = access.audience === 'operator';
    expect(codeOf(mute)).toEqual([403, isOperators ? 'operator_only' : 'insufficient_scope']);
  });

  it('shows a tenant nothing of another, nor whether there is anything, and changes nothing of it', async () => {
    const { api, keyOf, acme } = await start();
    if (access === null) return;
    const seen = () => Promise.all(ACMES_OWN.map(async (path) => (await api.ask('GET', path, acme)).body));
    const before = withoutTimes(await seen());
    expect(JSON.stringify(before, bigints)).toContain(CANARY);
    const foreign = [await keyOf({ tenantId: 'other' }), behindGateway(await keyOf({ isGateway: true }), 'other')];
    for (const caller of foreign) {
      const reply = await ask(api, contract, caller);
      expect(reply.text).not.toContain(CANARY);
      expect(reply.status).toBeLessThan(500);
      if (access.audience === 'operator') expect(codeOf(reply)).toEqual([403, 'operator_only']);
      else if (contract.path.includes(':')) {
        // A list that is as empty as that of what does not exist tells nothing, either.
        if (reply.body?.data === undefined) expect(reply.status, reply.text).toBe(404);
        else expect(reply.body.data).toEqual([]);
        expect(shapeOf(reply)).toEqual(shapeOf(await ask(api, contract, caller, 987_654_321)));
      } else if (Array.isArray(reply.body?.data) && contract.operationId !== 'listChecks') {
        // What checks there are is the same for everybody.
        expect(reply.body.data).toEqual([]);
      }
    }
    expect(withoutTimes(await seen())).toEqual(before);
  });

  it('is open to the tenant whose site it is', async () => {
    const { api, keyOf, acme } = await start();
    if (access === null || access.audience === 'operator') return;
    for (const caller of [behindGateway(await keyOf({ isGateway: true }), 'acme'), acme]) {
      expectLetIn(await ask(api, contract, caller), 'acme');
    }
  });
});

describe('the canaries', () => {
  it('are there to be found', async () => {
    const { api } = await start();
    for (const path of ['/api/v1/sites', ...ACMES_OWN]) {
      expect((await api.ask('GET', path, { token: LOCAL_KEY })).text).toContain(CANARY);
    }
  });
});

/** Spans that grow with the clock say nothing of what was changed. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, member) => (name === 'duration_ms' ? 0 : bigints(name, member))));
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
