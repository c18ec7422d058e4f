/** What signals mean to a server: SIGINT and SIGTERM end it, SIGHUP has it read its configuration again. */
import { closeSync, openSync } from 'node:fs';
import { type Clock, systemClock, type Timer } from '../lib/clock.ts';
import type { Log } from '../telemetry/log.ts';

type Name = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

export type SignalSource = {
  on(name: Name, run: () => void): unknown;
  off(name: Name, run: () => void): unknown;
};

export interface Signals {
  /** Until this is called SIGINT and SIGTERM end the process at once. Resolves at the first of them. */
  stopWish(): Promise<void>;
  /** What SIGHUP does; one that came before is made up for. */
  onReload(reload: () => void): void;
  close(): void;
}

/** npm passes a signal on that the terminal has sent to all already: copies that come this close are one wish. */
const SAME_WISH_MS = 1_000;
/** Whoever ended us may wait this long; then it is over, whatever still hangs (spec/03 section 14). */
const HARD_LIMIT_MS = 30_000;
/** A storm of wishes to read the configuration is one reading now and one when this is over. */
const RELOAD_EVERY_MS = 250;

export function listenToSignals(parts: {
  source: SignalSource;
  clock: Clock;
  log: Pick<Log, 'info' | 'error'>;
  /** Ends the process without asking anybody. */
  kill(): void;
  /** Whether SIGHUP came because the terminal that we were started on is gone. */
  isTerminalGone(): boolean;
}): Signals {
  const { source, clock, log } = parts;
  const wish = Promise.withResolvers<void>();
  let askedAtMs: number | null = null;
  let reload: (() => void) | null = null;
  let missed = false;
  let pause: Timer | null = null;
  let hardLimit: Timer | null = null;

  function onStop(): void {
    const nowMs = clock.monotonicMs();
    if (askedAtMs !== null) {
      if (nowMs - askedAtMs > SAME_WISH_MS) parts.kill();
      return;
    }
    askedAtMs = nowMs;
    // Armed before anything else, so that nothing which hangs at the end can keep it from coming.
    hardLimit = clock.after(HARD_LIMIT_MS, () => {
      log.error(`the end took more than ${HARD_LIMIT_MS / 1_000} s; what is left is given up`);
      parts.kill();
    });
    log.info('stopping: no new checks; those in flight may finish for a moment, what is dropped is not recorded');
    wish.resolve();
  }

  function onHangUp(): void {
    if (parts.isTerminalGone()) onStop();
    else if (reload === null || pause !== null) missed = true;
    else readAgain(reload);
  }

  function readAgain(run: () => void): void {
    missed = false;
    pause = clock.after(RELOAD_EVERY_MS, () => {
      pause = null;
      if (missed) onHangUp();
    });
    run();
  }

  source.on('SIGHUP', onHangUp);
  return {
    stopWish() {
      source.on('SIGINT', onStop);
      source.on('SIGTERM', onStop);
      return wish.promise;
    },
    onReload(run) {
      reload = run;
      if (missed) readAgain(run);
    },
    close() {
      pause?.cancel();
      hardLimit?.cancel();
      source.off('SIGHUP', onHangUp);
      source.off('SIGINT', onStop);
      source.off('SIGTERM', onStop);
    },
  };
}

/** Those of this process. */
export function processSignals(log: Pick<Log, 'info' | 'error'>): Signals {
  return listenToSignals({
    source: process,
    clock: systemClock,
    log,
    kill: () => process.kill(process.pid, 'SIGKILL'),
    isTerminalGone: terminalWatch(process.stdin.isTTY === true),
  });
}

/**
 * Says later whether the terminal that this process was started on is gone. A program that was started on none never
 * lost one.
 */
export function terminalWatch(hadTerminal: boolean, open = openTerminal): () => boolean {
  return () => hadTerminal && !open();
}

function openTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
