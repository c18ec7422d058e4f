/** How late a timer of 5 ms comes: what everything else on this thread would have to wait. */
import { percentile } from '../statistics.ts';

const EVERY_MS = 5;

export function watchLoop(): { stop(): { p99: number; max: number } } {
  const late: number[] = [];
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    late.push(Math.max(0, nowMs - lastMs - EVERY_MS));
    lastMs = nowMs;
  }, EVERY_MS);
  return {
    stop() {
      clearInterval(timer);
      late.push(Math.max(0, performance.now() - lastMs - EVERY_MS));
      return { p99: percentile(late, 0.99), max: percentile(late, 1) };
    },
  };
}
