/** The page of all metrics, from the table they are counted by. */
import type { LabelValues, MetricDefinition, StatsdName } from '../src/telemetry/metric-definition.ts';
import { METRICS } from '../src/telemetry/metric-names.ts';
import { WITHOUT_COUNTERPART } from '../src/telemetry/names/without-counterpart.ts';

const DEFINITIONS: readonly MetricDefinition[] = Object.values(METRICS);

export function metricsPage(): string[] {
  return [
    'How to get at them, and what to look at first: [operations.md](operations.md#metrics).',
    '',
    '## Prometheus',
    '',
    'Timers are histograms in seconds. A label without a list of values has a bound, beyond which its value is `other`.',
    '',
    '| Metric | Kind | Meaning | Labels |',
    '|---|---|---|---|',
    ...DEFINITIONS.map(prometheusRow),
    '',
    '## StatsD',
    '',
    'Below `com.jetpack.jetmon.<host>.`; see `STATSD_ADDR`, `STATSD_HOST_PATH` and `STATSD_SEND_MEM_USAGE` in',
    '[config.md](config.md). Counters (`c`) are what came since the last time and are sent when there was any, gauges (`g`) as they',
    'are, times (`ms`) as the mean of the interval, where nothing else is said. What a part in `{...}` may be stands above.',
    '',
    '| Name | Sent as | The metric |',
    '|---|---|---|',
    ...DEFINITIONS.flatMap((metric) => metric.statsd.map((name) => ({ metric, name })))
      .toSorted((a, b) => (a.name.path < b.name.path ? -1 : 1))
      .map(statsdRow),
    '',
    '## Names of version 1 and 2 that are not sent',
    '',
    '| Names | Why | What to look at instead |',
    '|---|---|---|',
    ...WITHOUT_COUNTERPART.map(({ names, why, instead }) => {
      return `| ${names.map((name) => `\`${name}\``).join(', ')} | ${why} | ${instead ?? '-'} |`;
    }),
  ];
}

function prometheusRow({ prometheus, kind, help, labels }: MetricDefinition): string {
  const said = Object.entries(labels).map(([label, values]) => `\`${label}\`${valuesOf(values)}`);
  return `| \`${prometheus}\` | ${kind} | ${help} | ${said.join('; ') || '-'} |`;
}

function valuesOf(values: LabelValues): string {
  return typeof values === 'number' ? '' : `: ${values.join(', ')}`;
}

const SENT_AS = { counter: 'c', gauge: 'g', timer: 'ms' } as const;

function statsdRow({ metric, name }: { metric: MetricDefinition; name: StatsdName }): string {
  const notes = [
    ...Object.entries(name.only ?? {}).map(([label, values]) => `${label} ${values.join(', ')} alone`),
    ...(name.of === 'max' ? ['the longest of the interval'] : []),
    ...(name.memory === true ? ['in MB'] : []),
  ];
  const sentAs = name.asTime === true ? 'ms' : SENT_AS[metric.kind];
  const note = notes.length === 0 ? '' : ` (${notes.join('; ')})`;
  return `| \`${name.path}\` | ${sentAs} | \`${metric.prometheus}\`${note} |`;
}
