/** Counts verdicts on sites that are known to be healthy. */

/** `unknown`: the prober says it could not tell, which is no verdict on the site. */
export type Judged = 'right' | 'wrong' | 'unknown';

export type Counts = Record<Judged, number> & {
  /** What was said instead, the most frequent first. */
  instead: string[];
};

const SHOWN = 3;

export function createTally() {
  const counts: Record<Judged, number> = { right: 0, wrong: 0, unknown: 0 };
  const instead = new Map<string, number>();
  return {
    add(judged: Judged, said: string): void {
      counts[judged] += 1;
      if (judged !== 'right') instead.set(said, (instead.get(said) ?? 0) + 1);
    },
    counts(): Counts {
      const sorted = [...instead].sort(([, a], [, b]) => b - a).slice(0, SHOWN);
      return { ...counts, instead: sorted.map(([said, times]) => `${times} × ${said}`) };
    },
  };
}
