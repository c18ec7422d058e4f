/**
 * A prober thread that dies when it is handed a URL with `poison` in it, and answers everything else as healthy. It counts
 * each job it is handed as a visit.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { writeGauges } from '../../src/prober/gauges.ts';
import { ResultBatch, unpackJobs } from '../../src/prober/packing.ts';
import type { ProbeJob } from '../../src/prober/prober.ts';
import type { ThreadData, ThreadOrder, ThreadReport } from '../../src/prober/thread-data.ts';

const { gauges } = workerData as ThreadData;
let visits = 0;

parentPort?.on('message', (order: ThreadOrder) => {
  if (order.kind === 'drain') return;
  const jobs: ProbeJob[] = [];
  unpackJobs(order.jobs, (job) => jobs.push(job));
  visits += jobs.length;
  writeGauges(gauges, { running: 0, waiting: 0, visits, voided: 0, stalled: 0 });
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
