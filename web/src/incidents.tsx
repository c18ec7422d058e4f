import { useMemo } from 'react';
import { incidentsInOrder } from './fleet.ts';
import { useStore, useTask } from './hooks.ts';
import { IncidentCard } from './incident-card.tsx';
import type { Board } from './model.ts';
import { ProblemNote } from './problem-note.tsx';

/** What is wrong now, and what was until lately. */
export function Incidents({ board }: { board: Board }) {
  const store = useStore();
  const task = useTask();
  const open = useMemo(() => incidentsInOrder(board.open.values()), [board.open]);
  const card = (incident: (typeof open)[number]) => (
    <IncidentCard key={String(incident.id)} incident={incident} site={board.sites.get(String(incident.siteId))} />
  );
  if (open.length === 0 && board.resolved.length === 0) return null;
  return (
    <section className="incidents" aria-labelledby="incidents-title">
      <h2 id="incidents-title">Open incidents</h2>
      {open.length === 0 ? <p className="quiet">None. All is calm.</p> : <ul>{open.map(card)}</ul>}
      {board.nextOpen !== null && (
        <button type="button" className="more" disabled={task.isBusy} onClick={() => task.run(store.loadMoreOpen)}>
          {task.isBusy ? 'Loading…' : 'Load more incidents'}
        </button>
      )}
      {task.problem !== null && <ProblemNote problem={task.problem} />}
      {board.resolved.length > 0 && (
        <details className="resolved">
          <summary>Resolved lately ({board.resolved.length})</summary>
          <ul>{board.resolved.map(card)}</ul>
        </details>
      )}
    </section>
  );
}
