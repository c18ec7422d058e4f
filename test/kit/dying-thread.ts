/** A prober thread that dies when it is handed a URL with `poison` in it, and answers everything else as healthy. */
import { parentPort } from 'node:worker_threads';
import { pack } from '../../src/prober/packing.ts';
import type { ProbeJob } from '../../src/prober/prober.ts';

parentPort?.on('message', (jobs: ProbeJob[]) => {
  if (jobs.some((job) => job.url.includes('poison'))) throw new Error('the thread was poisoned');
  const results = jobs.map((job) => ({
    id: job.id,
    observation: {
      startedAtMs: 1,
      timings: { total: 1 },
      httpCode: 200,
      address: '127.0.0.1',
      certificateExpiresAtMs: null,
      verdicts: [{ check: 'http', state: 'Up' as const, reason: 'ok', summary: '' }],
      evidence: null,
    },
  }));
  parentPort?.postMessage(pack(results));
});
