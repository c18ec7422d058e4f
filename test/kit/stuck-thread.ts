/** A prober thread that never comes back from its first job and gives no sign of life. */
import { parentPort } from 'node:worker_threads';

parentPort?.on('message', () => {
  for (;;);
});
