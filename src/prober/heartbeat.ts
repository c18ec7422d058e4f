/** How a thread shows across the border that it still runs: a count in shared memory, which needs no message. */
import type { Clock, Timer } from '../lib/clock.ts';

export type Heartbeat = Int32Array<SharedArrayBuffer>;

export function createHeartbeat(): Heartbeat {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

export function beat(heartbeat: Heartbeat): void {
  Atomics.add(heartbeat, 0, 1);
}

const LOOK_EVERY_MS = 1_000;
const SILENT_LOOKS = 10;

/** How long a thread may give no sign before it is given up. */
export const SILENT_AFTER_MS = LOOK_EVERY_MS * SILENT_LOOKS;

/**
 * Calls `onSilent` once when no beat came for `SILENT_AFTER_MS`. It counts its own looks and not the time between
 * them: after a pause of the whole process, threads get their chance to speak before they are judged.
 */
export function watchHeartbeat(heartbeat: Heartbeat, clock: Clock, onSilent: () => void): Timer {
  let known = Atomics.load(heartbeat, 0);
  let silentLooks = 0;
  let timer = clock.after(LOOK_EVERY_MS, look);

  function look(): void {
    const beats = Atomics.load(heartbeat, 0);
    silentLooks = beats === known ? silentLooks + 1 : 0;
    known = beats;
    if (silentLooks < SILENT_LOOKS) timer = clock.after(LOOK_EVERY_MS, look);
    else onSilent();
  }

  return { cancel: () => timer.cancel() };
}
