/**
 * Every path that names something: what is missing and what is somebody else's are refused alike, so that neither a status
 * nor a word tells one from the other. The list of routes is that of the server, so a new one is in here by itself.
 */
import { describe, expect, it } from 'vitest';
import { askExample, callerWith, plantSite, refusalWithoutIds } from '../../../test/api/tenant-world.ts';
import { startApi } from '../../../test/kit/api.ts';
import { CONTRACTS } from '../../contracts/all.ts';
import { ERROR_CODES, isErrorCode } from '../../domain/errors.ts';

const MISSING = 987_654_321;
const WITH_IDS = CONTRACTS.filter(({ path }) => path.includes('/:'));

function idsIn(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name);
}

async function twoTenants() {
  const api = await startApi();
  const caller = await callerWith(api, { tenantId: 'acme' });
  const own = await plantSite(api, caller, 'of-acme');
  const foreign = await plantSite(api, await callerWith(api, { tenantId: 'other' }), 'of-other');
  return { api, caller, own, foreign };
}

/** Some hundred requests. */
const PATIENCE = { timeout: 120_000 };

describe('a path that names', PATIENCE, () => {
  it('what is missing is 404 with a code of the operation, and what is foreign is refused in the same words', async () => {
    const { api, caller, own, foreign } = await twoTenants();
    for (const contract of WITH_IDS) {
      const names = idsIn(contract.path);
      for (const wrong of [...names.map((name) => [name]), names]) {
        const asked = `${contract.operationId} with a wrong ${wrong.join(' and ')}`;
        const askWith = (idFor: (name: string) => number | undefined) =>
          askExample(api, contract, caller, (name) => (wrong.includes(name) ? idFor(name) : own[name]));
        const missing = await askWith(() => MISSING);
        const { code } = missing.body?.error ?? {};
        expect([missing.status, code], asked).toEqual([404, expect.stringMatching(/_not_found$/)]);
        expect(contract.errors, asked).toContain(code);
        expect(isErrorCode(code) && ERROR_CODES[code], asked).toBe('not_found');
        expect(refusalWithoutIds(await askWith((name) => foreign[name])), asked).toEqual(refusalWithoutIds(missing));
      }
    }
  });

  it('one thing under the site of another is 404, were both of them the own ones', async () => {
    const { api, caller, own } = await twoTenants();
    const second = await plantSite(api, caller, 'of-acme-again');
    for (const contract of WITH_IDS.filter(({ path }) => idsIn(path).length > 1)) {
      const reply = await askExample(api, contract, caller, (name) => (name === 'site_id' ? second : own)[name]);
      expect(reply.status, `${contract.operationId}: ${reply.text}`).toBe(404);
    }
  });
});
