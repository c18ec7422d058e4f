/** How far long work is, on standard error: nothing for what is soon over, then a line every few seconds. */
import type { Clock } from '../lib/clock.ts';
import type { Terminal } from './command.ts';

const FIRST_AFTER_MS = 2_000;
const EVERY_MS = 2_000;

/** Call what it returns as often as you like; `words` is asked only when a line is due. */
export function createProgress(terminal: Pick<Terminal, 'err'>, clock: Pick<Clock, 'monotonicMs'>) {
  let dueAtMs = clock.monotonicMs() + FIRST_AFTER_MS;
  return (words: () => string): void => {
    const nowMs = clock.monotonicMs();
    if (nowMs < dueAtMs) return;
    dueAtMs = nowMs + EVERY_MS;
    terminal.err.write(`${words()}\n`);
  };
}
