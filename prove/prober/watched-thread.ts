/** The product's own prober thread, with a look at how late its event loop is. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { getEnvironmentData } from 'node:worker_threads';
import '../../src/prober/worker.ts';
import { keepDelay, SHARED_DELAY } from './shared-delay.ts';
import { LOOK_EVERY_MS, loopDelayMs } from './stopwatch.ts';

const delay = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
delay.enable();

keepDelay(getEnvironmentData(SHARED_DELAY) as SharedArrayBuffer, (anew) => {
  if (anew) delay.reset();
  return loopDelayMs(delay.percentile(99));
});
