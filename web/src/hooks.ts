/** The three hooks the page shares: the board, the time, and work that can fail. */
import { createContext, useCallback, useContext, useState, useSyncExternalStore } from 'react';
import { problemOf } from './board-api.ts';
import type { Board, Problem } from './model.ts';
import type { BoardStore } from './store.ts';

export const StoreContext = createContext<BoardStore | null>(null);

export function useStore(): BoardStore {
  const store = useContext(StoreContext);
  if (store === null) throw new TypeError('useStore needs a StoreContext around it');
  return store;
}

export function useBoard(): Board {
  const store = useStore();
  return useSyncExternalStore(store.subscribe, store.board);
}

const tickers = new Set<() => void>();
let ticking: ReturnType<typeof setInterval> | undefined;

function subscribeToSeconds(tick: () => void): () => void {
  tickers.add(tick);
  ticking ??= setInterval(() => {
    for (const each of tickers) each();
  }, 1000);
  return () => {
    tickers.delete(tick);
    if (tickers.size > 0) return;
    clearInterval(ticking);
    ticking = undefined;
  };
}

const wholeSecond = (): number => Math.floor(Date.now() / 1000) * 1000;

/** The wall clock in whole seconds, ms since the epoch; one timer for the whole page. */
export function useNowMs(): number {
  return useSyncExternalStore(subscribeToSeconds, wholeSecond);
}

export type Task = { isBusy: boolean; problem: Problem | null; run(work: () => Promise<unknown>): void; clear(): void };

/** Runs one piece of work at a time and keeps how it failed, in words. */
export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const run = useCallback((work: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    work()
      .catch((error: unknown) => setProblem(problemOf(error)))
      .finally(() => setBusy(false));
  }, []);
  return { isBusy, problem, run, clear: useCallback(() => setProblem(null), []) };
}
