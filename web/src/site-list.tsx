import { useMemo } from 'react';
import type { Site } from '../../src/contracts/sites.ts';
import { inOrder, unverifiedIn } from './fleet.ts';
import { useStore, useTask } from './hooks.ts';
import type { Board } from './model.ts';
import { PhaseLegend } from './phase-bar.tsx';
import { scaleOf } from './phases.ts';
import { ProblemNote } from './problem-note.tsx';
import { SiteRow } from './site-row.tsx';

/** The loaded sites, worst first, and the way to more. */
export function SiteList({ board }: { board: Board }) {
  const store = useStore();
  const task = useTask();
  const sites = useMemo(() => inOrder(board.sites.values()), [board.sites]);
  const unverified = useMemo(() => unverifiedIn(board), [board]);
  const scaleMs = useMemo(() => scaleOf(totalsOf(sites)), [sites]);
  return (
    <section className="sites" aria-labelledby="sites-title">
      <div className="section-head">
        <h2 id="sites-title" tabIndex={-1}>
          Sites
        </h2>
        <PhaseLegend scaleMs={scaleMs} />
      </div>
      <ul>
        {sites.map((site) => (
          <SiteRow key={String(site.id)} site={site} scaleMs={scaleMs} unverified={unverified.get(String(site.id))} />
        ))}
      </ul>
      {board.nextSites !== null && (
        <button type="button" className="more" disabled={task.isBusy} onClick={() => task.run(store.loadMoreSites)}>
          {task.isBusy ? 'Loading…' : 'Load more sites'}
        </button>
      )}
      {task.problem !== null && <ProblemNote problem={task.problem} />}
    </section>
  );
}

/** Of probes that got through: a time-out says nothing about how fast sites are. */
function totalsOf(sites: readonly Site[]): number[] {
  return sites.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ latest }) =>
      latest === null || latest.state === 'Seems Down' ? [] : (latest.timings_ms.total ?? []),
    ),
  );
}
