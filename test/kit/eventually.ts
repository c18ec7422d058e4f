/** Waiting for something that will be so, without saying when: limits are generous, because the CPU may be busy. */
import { setTimeout as delay } from 'node:timers/promises';

const LIMIT_MS = 60_000;
const EVERY_MS = 40;

/** The first answer that is neither null, undefined nor false; throws, naming `what`, when none comes. */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  { limitMs = LIMIT_MS, everyMs = EVERY_MS } = {},
): Promise<Exclude<T, null | undefined | false>> {
  const giveUpAtMs = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) {
      return answer as Exclude<T, null | undefined | false>;
    }
    if (performance.now() > giveUpAtMs) throw new Error(`gave up waiting: ${what}`);
    await delay(everyMs);
  }
}
