/** What Ctrl-C means to a command that has something to finish: the first is a wish, the second ends the process. */

export type SignalSource = {
  once(name: 'SIGINT' | 'SIGTERM', run: () => void): unknown;
  off(name: 'SIGINT' | 'SIGTERM', run: () => void): unknown;
};

/** Runs with a signal that is aborted at the first of SIGINT and SIGTERM. */
export async function withInterrupt<T>(
  run: (signal: AbortSignal) => Promise<T>,
  source: SignalSource = process,
): Promise<T> {
  const wish = new AbortController();
  const stop = () => {
    source.off('SIGINT', stop);
    source.off('SIGTERM', stop);
    wish.abort();
  };
  source.once('SIGINT', stop);
  source.once('SIGTERM', stop);
  try {
    return await run(wish.signal);
  } finally {
    source.off('SIGINT', stop);
    source.off('SIGTERM', stop);
  }
}
