import type { TimingsMs } from '../../src/contracts/values.ts';
import { PHASES, segmentsOf } from './phases.ts';
import { measured } from './words.ts';

type Props = { timings: TimingsMs; scaleMs: number };

/** Where the time of the last probe went: a bar on the common scale, and the same in numbers. */
export function PhaseBar({ timings, scaleMs }: Props) {
  const segments = segmentsOf(timings, scaleMs);
  return (
    <div className="phases">
      <svg viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
        {segments.map(({ phase, from, width }) => (
          <rect key={phase} className={`phase-${phase}`} x={from} y="0" width={width} height="8" />
        ))}
      </svg>
      <dl>
        {segments.map(({ phase, label, ms }) => (
          <div key={phase}>
            <dt>
              <i className={`swatch swatch-${phase}`} aria-hidden="true" />
              {label}
            </dt>
            <dd>{measured(ms)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}

/** What the colours mean and how long a whole bar is. */
export function PhaseLegend({ scaleMs }: { scaleMs: number }) {
  return (
    <p className="legend quiet">
      {PHASES.map(({ phase, label, title }) => (
        <span key={phase} title={title}>
          <i className={`swatch swatch-${phase}`} aria-hidden="true" />
          {label}
        </span>
      ))}
      <span>full bar {measured(scaleMs)}</span>
    </p>
  );
}
