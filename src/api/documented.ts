/** Holds the server to the contracts: nothing is served below /api/v1 that they do not tell of, and nothing they tell of is missing. */
import type { FastifyInstance } from 'fastify';
import type { Contract } from '../contracts/contract.ts';

const VERSIONED = '/api/v1/';

export type Documented = {
  /** Throws when a contract has no route. */
  requireAll(): void;
};

/** Throws, from here on, where a route is added that no contract of `contracts` speaks for. */
export function holdToContracts(app: FastifyInstance, contracts: readonly Contract[]): Documented {
  const missing = new Set(contracts.map(({ method, path }) => `${method} ${path}`));
  const known = new Set(missing);
  app.addHook('onRoute', ({ method, url }) => {
    if (!url.startsWith(VERSIONED)) return;
    for (const each of [method].flat()) {
      const name = `${each} ${url}`;
      // HEAD comes with each GET.
      if (!known.has(each === 'HEAD' ? `GET ${url}` : name)) throw new Error(`${name} is in no list of contracts`);
      missing.delete(name);
    }
  });
  return {
    requireAll() {
      if (missing.size > 0) throw new Error(`nothing serves ${[...missing].join(', ')}`);
    },
  };
}
