/** Whose turn it is when there are fewer cores than threads that want one: what measures time comes before what serves and stores. */
import { getPriority, setPriority } from 'node:os';

/** Of niceness; each gives a thread a quarter more of a core that it shares, so that the others keep a tenth of one. */
const STEPS = 10;
const FIRST_OF_ALL = -20;
/** What Linux calls this thread alone; elsewhere it is the whole process. */
const THIS_THREAD = 0;

/**
 * Moves the calling thread that many steps before the others, where the system allows it: on Linux, with CAP_SYS_NICE or
 * under a limit (`RLIMIT_NICE`) that has room. Elsewhere it stays where it is. Returns whether it moved.
 */
export function takePrecedence(steps = STEPS, platform: NodeJS.Platform = process.platform): boolean {
  if (platform !== 'linux') return false;
  try {
    setPriority(THIS_THREAD, Math.max(FIRST_OF_ALL, getPriority(THIS_THREAD) - steps));
    return true;
  } catch {
    // Not allowed: timings are as good as the machine has room.
    return false;
  }
}
