/** A prober thread that is busy until it is handed a URL with `rest` in it, and answers its jobs all the same. */
import { setImmediate } from 'node:timers';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import { beat } from '../../src/prober/heartbeat.ts';
import { ResultBatch, unpackJobs } from '../../src/prober/packing.ts';
import type { ThreadData, ThreadOrder, ThreadReport } from '../../src/prober/thread-data.ts';

const finished = new ResultBatch();
let isBusy = true;
const { heartbeat } = workerData as ThreadData;
setInterval(() => beat(heartbeat), 20);
parentPort?.on('message', (order: ThreadOrder) => {
  if (order.kind === 'drain') return;
  unpackJobs(order.jobs, ({ id, url }) => {
    if (url.includes('rest')) isBusy = false;
    finished.addWhole({ id, observation: seenBy(threadId) });
  });
  const report: ThreadReport = { kind: 'results', results: finished.take() };
  parentPort?.postMessage(report);
});

(function spin(): void {
  if (isBusy) setImmediate(spin);
})();

/** Says in the place of the status which thread it was. */
function seenBy(thread: number) {
  return {
    startedAtMs: 1,
    timings: { total: 1 },
    httpCode: thread,
    address: null,
    certificateExpiresAtMs: null,
    verdicts: [{ check: 'http', state: 'Up' as const, reason: 'ok', summary: '' }],
    evidence: null,
  };
}
