/**
 * A process of its own with a prober in it, which a test can pause with SIGSTOP. Probes the URLs of its arguments,
 * which are `timeoutMs url...`, and prints `[url, state, reason, paused ms]` for each as one line of JSON.
 */
import { systemClock } from '../../src/lib/clock.ts';
import { createProberPool } from '../../src/prober/pool.ts';
import { TEST_PROBER_SETTINGS } from './prober.ts';

const [timeoutMs, ...urls] = process.argv.slice(2);
const verdicts: unknown[] = [];

const prober = createProberPool({
  settings: TEST_PROBER_SETTINGS,
  maxThreads: 1,
  clock: systemClock,
  onResults(results) {
    for (const { id, observation } of results) {
      const [verdict] = observation.verdicts;
      verdicts.push([urls[id], verdict?.state, verdict?.reason, verdict?.details?.['ms']]);
    }
    if (verdicts.length < urls.length) return;
    process.stdout.write(`${JSON.stringify(verdicts)}\n`);
    void prober.stop();
  },
  onThreadDeath(error) {
    throw error;
  },
});

prober.submit(
  urls.map((url, id) => ({ id, url, timeoutMs: Number(timeoutMs), plan: null, evidence: 'unless_healthy' })),
);
