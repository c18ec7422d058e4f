/**
 * Ends this process when the launcher that started it is gone. The launcher keeps a channel open and says so in
 * `JETMON_LIFELINE`; the system closes it even when the launcher is killed outright, and no orphan stays behind.
 */
export type LifelineSource = {
  connected: boolean;
  once(event: 'disconnect', run: () => void): unknown;
  channel?: { unref(): void } | undefined | null;
};

/** How often a program that npm started looks whether npm is still there. */
const LOOK_EVERY_MS = 500;

/**
 * Calls `onEnd` once when the shell of npm that started this process is gone: npm puts it between itself and us, and
 * both may end without a word to us. Does nothing for a process that npm did not start, or that has a launcher between.
 */
export function watchNpm(env: NodeJS.ProcessEnv, onEnd: () => void, parentOf = () => process.ppid): void {
  if (env['npm_lifecycle_event'] === undefined || env['JETMON_LIFELINE'] === '1') return;
  const parent = parentOf();
  const timer = setInterval(() => {
    if (parentOf() === parent) return;
    clearInterval(timer);
    onEnd();
  }, LOOK_EVERY_MS);
  timer.unref();
}

/**
 * Calls `onEnd` once when the launcher has gone; at once when it went before we looked. Takes the mark out of `env`,
 * because it speaks of this process and not of its children. True when there is a launcher to watch.
 */
export function watchLifeline(env: NodeJS.ProcessEnv, onEnd: () => void, source: LifelineSource = process): boolean {
  const marked = env['JETMON_LIFELINE'] === '1';
  delete env['JETMON_LIFELINE'];
  if (!marked) return false;
  if (!source.connected) {
    queueMicrotask(onEnd);
    return true;
  }
  source.once('disconnect', onEnd);
  // Listening alone must not keep a finished command alive.
  source.channel?.unref();
  return true;
}
