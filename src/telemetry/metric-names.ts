/**
 * Every metric, once: what it counts, and what it is called in Prometheus and in StatsD (whose names are those that
 * dashboards of version 1 and 2 ask for). The table is closed: a metric that is not in it cannot be counted.
 */

import type { MetricDefinition } from './metric-definition.ts';
import { DETECTION_METRICS } from './names/detection.ts';
import { LOOK_METRICS } from './names/looks.ts';
import { PROCESS_METRICS } from './names/process.ts';
import { STORE_METRICS } from './names/store.ts';
import { VERIFIER_METRICS } from './names/verifiers.ts';

export const METRICS = {
  ...LOOK_METRICS,
  ...DETECTION_METRICS,
  ...VERIFIER_METRICS,
  ...STORE_METRICS,
  ...PROCESS_METRICS,
} satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
type OfKind<K extends MetricDefinition['kind']> = {
  [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never;
}[MetricName];
export type CounterName = OfKind<'counter'>;
export type GaugeName = OfKind<'gauge'>;
export type TimerName = OfKind<'timer'>;

/** The labels a metric wants, all of them: known words where they are closed, any text where they are bounded. */
export type LabelsOf<N extends MetricName> = {
  [L in keyof (typeof METRICS)[N]['labels']]: (typeof METRICS)[N]['labels'][L] extends readonly (infer V extends
    string)[]
    ? V
    : string;
};
/** Metrics without labels, which need no handle. */
export type Plain<N extends MetricName> = N extends MetricName ? (keyof LabelsOf<N> extends never ? N : never) : never;
