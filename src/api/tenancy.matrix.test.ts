/**
 * Every route as every kind of caller. The list of routes is that of the server, so a new one is in here by itself: its
 * example is what is asked, and what belongs to the tenant `acme` must not be seen in any reply to another.
 */
import { describe, expect, it } from 'vitest';
import { askExample, type Caller, callerWith, plantSite, refusalWithoutIds } from '../../test/api/tenant-world.ts';
import { LOCAL_KEY, type Reply, startApi } from '../../test/kit/api.ts';
import { observed, verdict } from '../../test/kit/fake-prober.ts';
import { accessOf } from '../contracts/access.ts';
import { COARSE_SCOPES, type CoarseScope, RESOURCES, type ScopeWord } from '../domain/grants.ts';
import type { LookNow } from '../services/look-now.ts';
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
const ACMES_OWN = ['/api/v1/sites/1', '/api/v1/events/1', '/api/v1/maintenance/1', '/api/v1/sites/1/checks/1'];
/** Answers of a caller who is let in, whatever becomes of the request. */
const REFUSALS = [401, 403, 429];

/** Enough for whoever is turned away, or only let in. */
async function startEmpty() {
  const api = await startApi({ lookNow: findsItWell });
  return { api, keyOf: (wanted: Partial<NewKey>) => callerWith(api, wanted) };
}

async function start() {
  const { api, keyOf } = await startEmpty();
  const acme = await keyOf({ tenantId: 'acme' });
  await plantSite(api, acme, CANARY);
  return { api, keyOf, acme };
}

const findsItWell: LookNow = async () => ({
  observation: observed([verdict('Up')], Date.UTC(2026, 0, 1)),
  isBooked: true,
  closed: [],
});

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

function expectLetIn(reply: Reply, who: string): void {
  expect(REFUSALS, `${who}: ${reply.text}`).not.toContain(reply.status);
  expect([500, 502, 504], `${who}: ${reply.text}`).not.toContain(reply.status);
}

describe.each(CONTRACTS.map((contract) => [contract.operationId, contract] as const))('%s', (_, contract) => {
  const access = accessOf(contract);

  it('is refused to whoever has no key, or a wrong one', async () => {
    const { api } = await startEmpty();
    const wrong = { token: `jm_${'A'.repeat(52)}` };
    if (access === null) return expectLetIn(await askExample(api, contract, { token: null }), 'nobody');
    expect(codeOf(await askExample(api, contract, { token: null }))).toEqual([401, 'missing_token']);
    expect(codeOf(await askExample(api, contract, wrong))).toEqual([401, 'invalid_token']);
  });

  it('is open to the scopes that suffice, and to no others', async () => {
    const { api, keyOf } = await startEmpty();
    if (access === null) return;
    const rank = (word: CoarseScope) => COARSE_SCOPES.indexOf(word);
    const isForAll = access.audience === 'every_key';
    const enough = COARSE_SCOPES.filter((word) => isForAll || rank(word) >= rank(access.scope));
    const tooLittle = COARSE_SCOPES.filter((word) => !enough.includes(word));
    const others = RESOURCES.filter((one) => !access.granular.some((word) => word.startsWith(`${one}:`)));
    const unfit: ScopeWord[][] = isForAll ? [] : [others.map((one): ScopeWord => `${one}:write`)];
    if (access.granular.length > 1) unfit.push(...access.granular.map((word) => [word]));
    if (access.scope === 'write') unfit.push(RESOURCES.map((one): ScopeWord => `${one}:read`));
    for (const scope of [...tooLittle.map((word) => [word]), ...unfit]) {
      const reply = await askExample(api, contract, await keyOf({ scope }));
      expect(codeOf(reply), scope.join()).toEqual([403, 'insufficient_scope']);
    }
    const fit: ScopeWord[][] = enough.map((word) => [word]);
    if (access.granular.length > 0) fit.unshift([...access.granular]);
    for (const scope of fit) expectLetIn(await askExample(api, contract, await keyOf({ scope })), scope.join());
  });

  it('wants to know of a gateway for whom it asks, and lets no tenant do what public scopes do not say', async () => {
    const { api, keyOf } = await startEmpty();
    if (access === null) return;
    const gateway = await keyOf({ isGateway: true });
    const bare = await askExample(api, contract, gateway);
    const mute = await askExample(api, contract, behindGateway(gateway, 'acme', 'unheard:of'));
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
      const reply = await askExample(api, contract, caller);
      expect(reply.text).not.toContain(CANARY);
      expect(reply.status).toBeLessThan(500);
      if (access.audience === 'operator') expect(codeOf(reply)).toEqual([403, 'operator_only']);
      else if (contract.path.includes(':')) {
        expect(reply.status, reply.text).toBe(404);
        expect(refusalWithoutIds(reply)).toEqual(
          refusalWithoutIds(await askExample(api, contract, caller, () => 987_654_321)),
        );
      } else if (Array.isArray(reply.body?.data) && contract.operationId !== 'listChecks') {
        // What checks there are is the same for everybody.
        expect(reply.body.data).toEqual([]);
      }
    }
    expect(withoutTimes(await seen())).toEqual(before);
  });

  it('works for the tenant whose site it is, also behind a gateway', async () => {
    if (access === null || access.audience === 'operator') return;
    const { api, keyOf, acme } = await start();
    const reply = await askExample(api, contract, behindGateway(await keyOf({ isGateway: true }), 'acme'));
    expect(reply.status, reply.text).toBe(contract.status);
    // What can be done but once has been done.
    expectLetIn(await askExample(api, contract, acme), 'acme');
  });
});

describe('the canaries', () => {
  it('are there to be found', async () => {
    const { api } = await start();
    for (const path of ['/api/v1/sites', '/api/v1/sites/1/maintenance', ...ACMES_OWN.filter(holdsText)]) {
      expect((await api.ask('GET', path, { token: LOCAL_KEY })).text).toContain(CANARY);
    }
  });
});

/** What was said of a check holds no text of the one who said it. */
function holdsText(path: string): boolean {
  return !path.includes('/checks/');
}

/** Spans that grow with the clock say nothing of what was changed. */
function withoutTimes(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (name, member) => (name === 'duration_ms' ? 0 : bigints(name, member))));
}

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
