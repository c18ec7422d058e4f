import { useEffect, useRef, useState } from 'react';
import type { Site } from '../../src/contracts/sites.ts';
import { useStore, useTask } from './hooks.ts';
import { ProblemNote } from './problem-note.tsx';

/** Pause or resume, and remove, which asks first. */
export function SiteActions({ site }: { site: Site }) {
  const store = useStore();
  const task = useTask();
  const [isAsking, setAsking] = useState(false);
  const removeButton = useRef<HTMLButtonElement>(null);
  const wasAsking = useRef(false);
  useEffect(() => {
    // Whoever answered "keep" finds the focus where it was.
    if (wasAsking.current && !isAsking) removeButton.current?.focus();
    wasAsking.current = isAsking;
  }, [isAsking]);
  const name = site.monitor_url;
  const toggle = () => store.changeSite(site.id, { monitor_active: !site.monitor_active });
  async function remove(): Promise<void> {
    await store.removeSite(site.id);
    // This row goes away with its buttons; the list is the nearest place that stays.
    document.getElementById('sites-title')?.focus();
  }
  return (
    <div className="actions">
      {isAsking ? (
        <ConfirmRemoval
          name={name}
          isBusy={task.isBusy}
          onRemove={() => task.run(remove)}
          onKeep={() => setAsking(false)}
        />
      ) : (
        <>
          <button
            type="button"
            disabled={task.isBusy}
            aria-label={`${site.monitor_active ? 'Pause' : 'Resume'} ${name}`}
            onClick={() => task.run(toggle)}
          >
            {site.monitor_active ? 'Pause' : 'Resume'}
          </button>
          <button
            type="button"
            ref={removeButton}
            disabled={task.isBusy}
            aria-label={`Remove ${name}`}
            onClick={() => setAsking(true)}
          >
            Remove
          </button>
        </>
      )}
      {task.problem !== null && <ProblemNote problem={task.problem} />}
    </div>
  );
}

type ConfirmProps = { name: string; isBusy: boolean; onRemove(): void; onKeep(): void };

function ConfirmRemoval({ name, isBusy, onRemove, onKeep }: ConfirmProps) {
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => keep.current?.focus(), []);
  return (
    <fieldset
      className="confirm"
      aria-label={`Remove ${name}?`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onKeep();
      }}
    >
      <p>Stop watching? Its history is kept.</p>
      <button type="button" className="danger" disabled={isBusy} onClick={onRemove}>
        Remove
      </button>
      <button type="button" ref={keep} disabled={isBusy} onClick={onKeep}>
        Keep
      </button>
    </fieldset>
  );
}
