import { memo } from 'react';
import type { Endpoint, Site } from '../../src/contracts/sites.ts';
import type { Unverified } from './fleet.ts';
import { PhaseBar } from './phase-bar.tsx';
import { SiteActions } from './site-actions.tsx';
import { SiteLink } from './site-link.tsx';
import { StateMark, stateClass } from './state-mark.tsx';
import { Ago } from './time-text.tsx';
import { UnverifiedMark } from './unverified-mark.tsx';
import { every, measured, sentence } from './words.ts';

type Props = { site: Site; scaleMs: number; unverified: Unverified | undefined };

/** One site: its state, and a line for each URL of it. */
export const SiteRow = memo(function SiteRow({ site, scaleMs, unverified }: Props) {
  const isAlone = site.endpoints.length <= 1;
  return (
    <li
      className={`site ${stateClass(site.current_state)}`}
      aria-label={`${site.monitor_url}: ${site.current_state}${unverified?.site === true ? ', unverified' : ''}`}
    >
      <div className="standing">
        <StateMark state={site.current_state} />
        {unverified?.site === true && <UnverifiedMark />}
      </div>
      <div className="endpoints">
        {site.endpoints.map((endpoint) => (
          <EndpointLine
            key={String(endpoint.endpoint_id)}
            endpoint={endpoint}
            scaleMs={scaleMs}
            showsState={!isAlone}
            isUnverified={unverified?.endpoints.has(String(endpoint.endpoint_id)) === true}
          />
        ))}
      </div>
      <SiteActions site={site} />
    </li>
  );
});

type LineProps = { endpoint: Endpoint; scaleMs: number; showsState: boolean; isUnverified: boolean };

function EndpointLine({ endpoint, scaleMs, showsState, isUnverified }: LineProps) {
  const { latest } = endpoint;
  return (
    <div className="endpoint">
      <div className="what">
        <p className="name">
          <SiteLink url={endpoint.monitor_url} />
          {showsState && <StateMark state={endpoint.current_state} />}
          {showsState && isUnverified && <UnverifiedMark />}
        </p>
        <p className="summary">{summaryFor(endpoint)}</p>
      </div>
      <div className="measure">
        {latest !== null && <PhaseBar timings={latest.timings_ms} scaleMs={scaleMs} />}
        <p className="quiet when">
          {latest !== null && (
            <>
              <Took ms={latest.timings_ms.total} /> <Ago at={latest.checked_at} />,{' '}
            </>
          )}
          {endpoint.monitor_active ? every(endpoint.check_interval_seconds) : 'not checked while paused'}
        </p>
      </div>
    </div>
  );
}

/** A pause of the server's own may have left the time of a check unknown. */
function Took({ ms }: { ms: number | undefined }) {
  if (ms === undefined) return 'checked';
  return (
    <>
      <b>{measured(ms)}</b>, checked
    </>
  );
}

function summaryFor({ latest, monitor_active }: Endpoint): string {
  if (latest !== null) return sentence(latest.summary);
  return monitor_active ? 'The first check is under way.' : 'Never checked.';
}
