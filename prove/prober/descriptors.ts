/** How many descriptors a process has open, and may have; from /proc, so on Linux alone. */
import { readdirSync, readFileSync } from 'node:fs';

export type Descriptors = {
  /** Null where the system does not say. */
  limit: number | null;
  most: number | null;
};

const LOOK_EVERY_MS = 100;

export function openDescriptors(pid: number | 'self'): number | null {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    // Another system, or the process is gone.
    return null;
  }
}

function descriptorLimit(pid: number): number | null {
  try {
    return parseLimit(readFileSync(`/proc/${pid}/limits`, 'utf8'));
  } catch {
    return null;
  }
}

/** The soft limit in a text of the kernel; null where there is none. */
export function parseLimit(limits: string): number | null {
  const limit = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return limit === undefined ? null : Number(limit);
}

/** Looks at another process often, so that it costs that one nothing; `stop` says the most that were seen. */
export function watchDescriptors(pid: number) {
  let limit: number | null = null;
  let most: number | null = null;
  const timer = setInterval(() => {
    limit = descriptorLimit(pid) ?? limit;
    const open = openDescriptors(pid);
    if (open !== null) most = Math.max(most ?? 0, open);
  }, LOOK_EVERY_MS);
  return {
    stop(): Descriptors {
      clearInterval(timer);
      return { limit, most };
    },
  };
}
