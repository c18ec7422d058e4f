/** Verifiers that lie in every manner, and what the panel makes of their votes. */
import { lyingVerifiers } from '../../test/model/lying-verifiers.ts';
import { grouped } from '../prober/row.ts';
import type { Folder, Row } from '../rows.ts';

const DECISIONS = 1_000_000;

export const LIES_ROWS: readonly Row<Folder>[] = [
  {
    what: `${grouped(DECISIONS)} decisions with f of 2f+1 verifier regions lying`,
    goal: '0 wrong verdicts',
    async measure({ progress, signal }) {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const lies = await lyingVerifiers({
        seed,
        decisions: DECISIONS,
        signal,
        onProgress: ({ decisions }) => progress(`${grouped(decisions)} of ${grouped(DECISIONS)} decisions`),
      });
      const share = ((100 * lies.madeUpByTrusted) / lies.decidedUp).toFixed(1);
      return {
        measured: `${grouped(lies.decisions)} decisions: ${lies.wrong} wrong, ${lies.missed} right ones missed, ${lies.madeUp} regional failures made up by who had no standing`,
        held: lies.decisions >= DECISIONS && lies.wrong + lies.missed + lies.madeUp === 0,
        detail: `${grouped(lies.worlds)} worlds of verifiers, seed ${seed}; liars always down, always up, flipping, at random, honest for long, knowing canaries, silent; those that had been honest for long made up a regional failure in ${share} % of decisions on sites that are up; honest ones in quarantine: ${lies.honestQuarantined}`,
      };
    },
  },
];
