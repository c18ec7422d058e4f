/** Holds a check's test to the rule that every finding is reached: call it once at the top of the file. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';
import type { Check } from '../../src/checks/check.ts';
import type { Observation, Verdict } from '../../src/domain/verdict.ts';

export interface FindingsReached<Reason extends string> {
  /** The check's verdict in an observation, noted as reached. Fails when the check said nothing. */
  in(observation: Observation): Verdict & { reason: Reason };
  /** Notes a reason that was reached without a probe. */
  note(reason: Reason): void;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Fails the file, after its last test, when a finding of `check` was not reached by any of them. `elsewhere` names the
 * test file, from the root, that reaches a finding instead.
 */
export function reachesEveryFinding<Reason extends string>(
  check: Check<Reason>,
  elsewhere: Partial<Record<Reason | 'ok', string>> = {},
): FindingsReached<Reason | 'ok'> {
  const reached = new Set<string>(Object.keys(elsewhere));
  afterAll(() => {
    for (const [reason, file] of Object.entries(elsewhere)) {
      expect(readFileSync(`${ROOT}/${file}`, 'utf8'), `${file} reaches ${reason}`).toContain(`'${reason}'`);
    }
    expect(Object.keys(check.findings).filter((reason) => !reached.has(reason))).toEqual([]);
  });
  return {
    in(observation) {
      const verdict = observation.verdicts.find((one) => one.check === check.type);
      if (verdict === undefined) throw new Error(`the check "${check.type}" said nothing`);
      reached.add(verdict.reason);
      return verdict as Verdict & { reason: Reason | 'ok' };
    },
    note: (reason) => void reached.add(reason),
  };
}
