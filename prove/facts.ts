/** On what machine and of what commit a run measured; cores and memory only, nothing that names the machine. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, totalmem } from 'node:os';

export type Facts = { date: string; cores: number; memoryGb: number; node: string; commit: string };

export function gatherFacts(root: string, now: Date): Facts {
  return {
    date: now.toISOString().slice(0, 10),
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    commit: commitOf(root),
  };
}

function commitOf(root: string): string {
  try {
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
    const dirty = git('status', '--porcelain') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${dirty ? ' with uncommitted changes' : ''}`;
  } catch {
    return 'unknown';
  }
}
