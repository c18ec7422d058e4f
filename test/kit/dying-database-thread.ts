/** A thread of an embedded database that opens, and dies at the first query after that. */
import { parentPort } from 'node:worker_threads';
import type { Order, Reply } from '../../src/store/dialect/sqlite-messages.ts';

parentPort?.on('message', ({ id, kind }: Order & { id: number }) => {
  if (kind !== 'open') throw new Error('the thread was killed');
  const reply: Reply = { id, kind: 'done' };
  parentPort?.postMessage(reply);
});
