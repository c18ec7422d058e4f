/** The DNS client as tests ask it: with promises, without a hosts file, and with its timers and sockets counted. */
import { readdirSync, readlinkSync } from 'node:fs';
import { systemClock } from '../../src/lib/clock.ts';
import { createDeadlines, type Deadlines } from '../../src/wire/deadlines.ts';
import { createResolver, type Resolution, type Resolver, type ResolverOptions } from '../../src/wire/resolve.ts';

export interface NameFinder extends Resolver {
  /** As an exchange does: what is known, or else what comes of asking. */
  find(host: string, timeoutMs?: number): Promise<Resolution>;
  /** Asks although it may be known. */
  askFor(host: string, timeoutMs?: number): Promise<Resolution>;
  /** Timers that are set just now. */
  openTimers(): number;
}

/** Where no file is. */
export const NO_FILE = '/nonexistent/jetmon2';

export function createNameFinder(options: Partial<ResolverOptions> = {}): NameFinder {
  const clock = options.clock ?? systemClock;
  const { deadlines, open } = counted(options.deadlines ?? createDeadlines(systemClock));
  const resolver = createResolver({ servers: [], hostsPath: NO_FILE, ...options, clock, deadlines });
  const askFor = (host: string, timeoutMs = 5_000): Promise<Resolution> =>
    new Promise((resolve) => resolver.ask(host, systemClock.monotonicMs() + timeoutMs, resolve));
  return {
    ...resolver,
    find: async (host, timeoutMs) => resolver.known(host) ?? askFor(host, timeoutMs),
    askFor,
    openTimers: () => open.size,
  };
}

function counted(inner: Deadlines): { deadlines: Deadlines; open: ReadonlySet<object> } {
  const open = new Set<object>();
  const at: Deadlines['at'] = (atMs, run) => {
    const timer = inner.at(atMs, () => {
      open.delete(handle);
      run();
    });
    const handle = {
      cancel() {
        open.delete(handle);
        timer.cancel();
      },
    };
    open.add(handle);
    return handle;
  };
  return { deadlines: { at, after: (delayMs, run) => at(systemClock.monotonicMs() + delayMs, run) }, open };
}

/** Sockets that this process has open. Linux. */
export function openSockets(): number {
  return readdirSync('/proc/self/fd').filter((fd) => isSocket(`/proc/self/fd/${fd}`)).length;
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // The one through which the folder was read is closed by now.
    return false;
  }
}
