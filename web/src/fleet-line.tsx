import { useMemo } from 'react';
import type { Site } from '../../src/contracts/sites.ts';
import { countStates } from './fleet.ts';
import { stateClass } from './state-mark.tsx';

type Props = { sites: ReadonlyMap<string, Site>; hasMore: boolean };

/** The fleet in one line: "12 Up, 1 Seems Down". */
export function FleetLine({ sites, hasMore }: Props) {
  const counts = useMemo(() => countStates(sites.values()), [sites]);
  return (
    <section className="fleet" aria-label="Fleet">
      <ul>
        {counts.map(({ state, count }) => (
          <li key={state} className={stateClass(state)}>
            <b>{count}</b> {state}
          </li>
        ))}
      </ul>
      {hasMore && <p className="quiet">of the {sites.size} sites loaded; there are more</p>}
    </section>
  );
}
