import { useEffect } from 'react';
import { AddSite } from './add-site.tsx';
import { Connection } from './connection.tsx';
import { EmptyFleet } from './empty-fleet.tsx';
import { countStates } from './fleet.ts';
import { FleetLine } from './fleet-line.tsx';
import { useBoard, useStore, useTask } from './hooks.ts';
import { Incidents } from './incidents.tsx';
import type { Board } from './model.ts';
import { ProblemNote } from './problem-note.tsx';
import { SiteList } from './site-list.tsx';

type Props = { onSignOut: (() => void) | null };

/** The one screen: how the fleet is, what is wrong, every site. */
export function Dashboard({ onSignOut }: Props) {
  const board = useBoard();
  useEffect(() => {
    document.title = titleOf(board);
  }, [board]);
  return (
    <>
      <header className="top">
        <h1>Jetmon 2</h1>
        <Connection link={board.link} />
        {onSignOut !== null && (
          <button type="button" onClick={onSignOut}>
            Sign out
          </button>
        )}
      </header>
      <main>
        <LoadProblem board={board} />
        {board.ready ? <Loaded board={board} /> : board.problem === null && <Loading />}
      </main>
      <p className="heard" aria-live="polite">
        {board.announcement}
      </p>
    </>
  );
}

function Loaded({ board }: { board: Board }) {
  const isEmpty = board.sites.size === 0 && board.nextSites === null;
  return (
    <>
      {isEmpty ? <EmptyFleet /> : <FleetLine sites={board.sites} hasMore={board.nextSites !== null} />}
      <AddSite isFirst={isEmpty} />
      <Incidents board={board} />
      {!isEmpty && <SiteList board={board} />}
    </>
  );
}

function LoadProblem({ board }: { board: Board }) {
  const store = useStore();
  const task = useTask();
  if (board.problem === null) return null;
  return (
    <section className="load-problem" aria-label="Trouble">
      <ProblemNote problem={board.problem} />
      <button type="button" disabled={task.isBusy} onClick={() => task.run(store.reload)}>
        Try again
      </button>
    </section>
  );
}

function Loading() {
  return (
    <div role="status" className="loading">
      <p className="quiet">Asking the server…</p>
      <div className="ghost" aria-hidden="true" />
      <div className="ghost" aria-hidden="true" />
      <div className="ghost" aria-hidden="true" />
    </div>
  );
}

/** The tab tells the worst news even while another one is read. */
function titleOf(board: Board): string {
  const bad = countStates(board.sites.values()).find(({ state }) => state === 'Down' || state === 'Seems Down');
  if (board.link === 'gone') return 'Server gone · Jetmon 2';
  return bad === undefined ? 'Jetmon 2' : `${bad.count} ${bad.state.toLowerCase()} · Jetmon 2`;
}
