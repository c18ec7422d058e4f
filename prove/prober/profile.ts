/** Reads the CPU profiles that `--cpu-prof` leaves: which functions the time went into, themselves and not what they call. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

/** The parts of a .cpuprofile that are read. */
export type CpuProfile = {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  /** Which node ran at each look. */
  samples: number[];
  /** Microseconds before each look. */
  timeDeltas: number[];
};

/** `share` is of the time in which the thread was busy. */
export type SelfTime = { name: string; share: number };

/** V8's own names for time in which nothing of ours ran. */
const IDLE = '(idle)';

/** The functions with the most time of their own, the busiest first. */
export function topSelfTimes(profile: CpuProfile, most: number): SelfTime[] {
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let busyUs = 0;
  for (const [index, node] of profile.samples.entries()) {
    const name = names.get(node) ?? '(unknown)';
    const us = Math.max(0, profile.timeDeltas[index] ?? 0);
    if (name === IDLE) continue;
    busyUs += us;
    times.set(name, (times.get(name) ?? 0) + us);
  }
  return [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, us]) => ({ name, share: us / busyUs }));
}

/** The profile of the busiest thread in a folder. */
export async function busiestProfile(folder: string): Promise<CpuProfile> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'));
  const profiles = await Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile),
  );
  const [busiest] = profiles.sort((a, b) => busyUsOf(b) - busyUsOf(a));
  if (busiest === undefined) throw new Error('the run left no profile');
  return busiest;
}

export function busyUsOf({ nodes, samples, timeDeltas }: CpuProfile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === IDLE).map(({ id }) => id));
  return samples.reduce((sum, node, index) => sum + (idle.has(node) ? 0 : (timeDeltas[index] ?? 0)), 0);
}

export function describeSelfTimes(times: readonly SelfTime[]): string {
  return times.map(({ name, share }) => `${name} ${(share * 100).toFixed(1)} %`).join(', ');
}

function nameOf({ functionName, url, lineNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name} ${basename(url)}:${lineNumber + 1}`;
}
