/** A prober thread that dies when it is handed a URL with `poison` in it, and answers everything else as healthy. */
import { parentPort } from 'node:worker_threads';
import { ResultBatch, unpackJobs } from '../../src/prober/packing.ts';
import type { ProbeJob } from '../../src/prober/prober.ts';
import type { ThreadOrder, ThreadReport } from '../../src/prober/thread-data.ts';

parentPort?.on('message', (order: ThreadOrder) => {
  if (order.kind === 'drain') return;
  const jobs: ProbeJob[] = [];
  unpackJobs(order.jobs, (job) => jobs.push(job));
  if (jobs.some((job) => job.url.includes('poison'))) throw new Error('the thread was poisoned');
  const finished = new ResultBatch();
  for (const { id } of jobs) finished.addWhole({ id, observation: healthy() });
  const report: ThreadReport = { kind: 'results', results: finished.take() };
  parentPort?.postMessage(report);
});

function healthy() {
  return {
    startedAtMs: 1,
    timings: { total: 1 },
    httpCode: 200,
    address: '127.0.0.1',
    certificateExpiresAtMs: null,
    verdicts: [{ check: 'http', state: 'Up' as const, reason: 'ok', summary: '' }],
    evidence: null,
  };
}
