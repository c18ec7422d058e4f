import { useEffect, useState } from 'react';
import type { Transition } from '../../src/contracts/events.ts';
import type { Site } from '../../src/contracts/sites.ts';
import { STATES, type State } from '../../src/domain/state.ts';
import { useStore, useTask } from './hooks.ts';
import { type Incident, isUnverified, stepsLacking, subjectOf } from './incident.ts';
import { ProblemNote } from './problem-note.tsx';
import { SiteLink } from './site-link.tsx';
import { StateMark, stateClass } from './state-mark.tsx';
import { At, Lasting } from './time-text.tsx';
import { UnverifiedMark } from './unverified-mark.tsx';
import { reasonInWords, sentence } from './words.ts';

type Props = { incident: Incident; site: Site | undefined };

/** One incident: what, since when, why; opened, every step of it. */
export function IncidentCard({ incident, site }: Props) {
  const { id, endpointId, checkType, startedAt, endedAt } = incident;
  const [isOpen, setOpen] = useState(false);
  const endpoint = site?.endpoints.find(({ endpoint_id }) => String(endpoint_id) === String(endpointId));
  const url = endpoint?.monitor_url ?? incident.url ?? site?.monitor_url;
  const state = markOf(incident.state);
  const cause = incident.cause ?? (endedAt === null ? (endpoint?.latest?.summary ?? null) : null);
  return (
    <li className={`incident ${stateClass(state)}`}>
      <div className="incident-head">
        <StateMark state={state} />
        {isUnverified(incident) && <UnverifiedMark />}
        <p className="name">{url === undefined ? subjectOf(incident) : <SiteLink url={url} />}</p>
        <p className="quiet">
          <span className="check">{checkType}</span> check, {endedAt === null ? 'since' : 'from'} <At at={startedAt} />,{' '}
          {endedAt === null ? 'for' : 'lasted'} <Lasting from={startedAt} until={endedAt} />
        </p>
      </div>
      {cause !== null && <p className="cause">{sentence(cause)}</p>}
      {incident.advice !== null && endedAt === null && <p className="advice quiet">{incident.advice}</p>}
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          What happened<span className="heard"> in incident {String(id)}</span>
        </summary>
        {isOpen && <Steps incident={incident} />}
      </details>
    </li>
  );
}

function Steps({ incident }: { incident: Incident }) {
  const store = useStore();
  const { run, problem } = useTask();
  const { id, transitions } = incident;
  const lacking = stepsLacking(incident);
  useEffect(() => {
    if (lacking !== null) run(() => store.loadTransitions(id));
  }, [lacking, id, store, run]);
  if (problem !== null) return <ProblemNote problem={problem} />;
  if (transitions === null) return <p className="quiet">Fetching the steps…</p>;
  const leftOut = (transitions[0]?.seq ?? 1) - 1;
  return (
    <>
      {leftOut > 0 && <p className="quiet">The first {leftOut} steps are left out.</p>}
      <ol className="steps">
        {transitions.map((transition) => (
          <Step key={String(transition.id)} transition={transition} />
        ))}
      </ol>
    </>
  );
}

function Step({ transition }: { transition: Transition }) {
  const { changed_at, state_before, state_after, reason, source } = transition;
  return (
    <li>
      <At at={changed_at} />
      <span>
        {state_before !== null && <>{state_before} → </>}
        <b>{state_after ?? 'Resolved'}</b>: {reasonInWords(reason)} <span className="quiet">({source})</span>
      </span>
    </li>
  );
}

/** The label as a state we have a mark for. */
function markOf(label: string): State | 'Resolved' {
  if (label === 'Resolved') return label;
  return STATES.find((state) => state === label) ?? 'Unknown';
}
