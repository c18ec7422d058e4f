/**
 * Questions whose answer is known, asked of every verifier about once a minute and sent with all others: a name that
 * cannot exist, and an endpoint that just passed here.
 */
import type { Truth } from '../domain/trust.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';

export type CanarySettings = {
  /** The first round after the start, and the rounds after it: at random from the first to the second. */
  firstMs: readonly [from: number, to: number];
  everyMs: readonly [from: number, to: number];
};

export const DEFAULT_CANARIES: CanarySettings = { firstMs: [2_000, 10_000], everyMs: [45_000, 75_000] };

export function createCanaries(deps: {
  clock: Clock;
  random: Random;
  /** A URL that passed here a moment ago; null when there is none. */
  knownUp(): string | null;
  ask(truth: Truth, url: string): void;
  settings: CanarySettings;
}): { stop(): void } {
  const { clock, random, settings } = deps;
  let isStopped = false;
  let timer: Timer = clock.after(between(random, settings.firstMs), round);

  function round(): void {
    if (isStopped) return;
    timer = clock.after(between(random, settings.everyMs), round);
    deps.ask('down', knownDown(random));
    const up = deps.knownUp();
    if (up !== null) deps.ask('up', up);
  }

  return {
    stop() {
      isStopped = true;
      timer.cancel();
    },
  };
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** RFC 6761 section 6.4: no name under `.invalid` exists. Another one each time, so that no cache answers. */
function knownDown(random: Random): string {
  const [length = 0, ...letters] = random.bytes(17);
  const label = letters.slice(0, 8 + (length % 9)).map((byte) => LETTERS[byte % LETTERS.length]);
  return `https://${label.join('')}.invalid/`;
}

function between(random: Random, [from, to]: readonly [number, number]): number {
  const [high = 0, low = 0] = random.bytes(2);
  return from + ((to - from) * (high * 256 + low)) / 65_536;
}
