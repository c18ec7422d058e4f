/** How many probes may be under way at once: as many as this process has descriptors for, and no more (E25). */
import { readFileSync } from 'node:fs';

/** The rest is for everything else a process has open, and for second addresses that are dialled side by side. */
const SHARE_OF_DESCRIPTORS = 0.7;
/** Where descriptors abound, memory is the bound: about 10 KiB a probe. */
const MAX_RUNNING_PER_THREAD = 20_000;
const MIN_RUNNING_PER_THREAD = 8;
/** What POSIX systems of old allow, where the limit cannot be read. */
const CAUTIOUS_LIMIT = 1_024;

/** Probes that one of so many threads may have under way. */
export function maxRunningPerThread(threads: number, descriptors = descriptorLimit()): number {
  const share = Math.floor((descriptors * SHARE_OF_DESCRIPTORS) / threads);
  return Math.min(MAX_RUNNING_PER_THREAD, Math.max(MIN_RUNNING_PER_THREAD, share));
}

/** RLIMIT_NOFILE of this process: how many files and sockets it may have open. */
export function descriptorLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft ?? CAUTIOUS_LIMIT);
  } catch {
    return reportedLimit();
  }
}

/** For systems without /proc; slower, because Node gathers everything else for it too. */
function reportedLimit(): number {
  const report = process.report.getReport() as { userLimits?: { open_files?: { soft?: number | string } } };
  const soft = report.userLimits?.open_files?.soft;
  if (soft === 'unlimited') return Number.MAX_SAFE_INTEGER;
  return typeof soft === 'number' ? soft : CAUTIOUS_LIMIT;
}
