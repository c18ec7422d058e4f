/** Where the numbers of a process go by StatsD, if its configuration names a place. */
import { hostname } from 'node:os';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createStatsd, parseStatsdAddress, statsdPrefix } from '../telemetry/statsd.ts';
import { createDatagrams } from '../wire/datagrams.ts';
import type { Sink } from './reporter.ts';
import type { Settings } from './settings.ts';

export type StatsdSink = {
  /** None where nothing is sent. */
  sinks: Sink[];
  close(): void;
};

export function createStatsdSink(parts: {
  metrics: Metrics;
  settings: Pick<Settings, 'current'>;
  clock: Clock;
}): StatsdSink {
  const { metrics, settings, clock } = parts;
  const { STATSD_ADDR: text, STATSD_HOST_PATH: hostPath } = settings.current();
  const address = text === undefined ? null : parseStatsdAddress(text);
  if (address === null) return { sinks: [], close() {} };
  const datagrams = createDatagrams({ ...address, clock });
  const statsd = createStatsd({
    metrics,
    prefix: statsdPrefix(hostname(), hostPath),
    memory: () => settings.current().STATSD_SEND_MEM_USAGE,
    send: datagrams.send,
  });
  let droppedBefore = 0;
  const sink: Sink = {
    to: 'statsd',
    tell() {
      const { count, why } = datagrams.dropped();
      const isNew = count > droppedBefore;
      droppedBefore = count;
      statsd.flush();
      if (isNew) throw new Error(`datagrams could not be sent: ${why}`);
    },
  };
  return { sinks: [sink], close: datagrams.close };
}
