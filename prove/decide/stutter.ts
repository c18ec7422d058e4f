/** Lets programs stand still for a moment again and again, as on a machine that has too much to do. */
import type { Running } from '../server.ts';

export type Stutter = { everyMs: number; forMs: number };

/** All of them at the same moments. Returns what ends it, with all of them running. */
export function stutter(programs: readonly Pick<Running, 'signal'>[], { everyMs, forMs }: Stutter): () => void {
  let going: NodeJS.Timeout | undefined;
  const signalAll = (name: NodeJS.Signals): void => {
    for (const program of programs) program.signal(name);
  };
  const stopping = setInterval(() => {
    signalAll('SIGSTOP');
    going = setTimeout(signalAll, forMs, 'SIGCONT');
  }, everyMs);
  return () => {
    clearInterval(stopping);
    clearTimeout(going);
    signalAll('SIGCONT');
  };
}
