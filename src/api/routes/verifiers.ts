/** The handler of the list of verifiers: what it says comes from whoever runs the server. */
import { listVerifiers, type Verifier } from '../../contracts/verifiers.ts';
import { type Route, route } from '../serve-contract.ts';

export type VerifiersOf = () => Promise<{ verifiers: Verifier[]; quorum: number }>;

/** `verifiers` null: no server runs behind this API, and nobody is asked. */
export function verifierRoutes(verifiers: VerifiersOf | null): Route[] {
  return [
    route(listVerifiers, async () => {
      const { verifiers: data, quorum } = (await verifiers?.()) ?? { verifiers: [], quorum: 0 };
      return { data, page: { next: null, limit: data.length }, quorum };
    }),
  ];
}
