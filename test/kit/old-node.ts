/** A Node older than the program needs: one of this machine, or else the pinned one that says it is old. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NEEDED_MAJOR = 24;

/** Program and first arguments. `folder` takes the disguise when no old Node is installed. */
export function oldNode(folder: string): [program: string, ...args: string[]] {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/bin', '/usr/bin'];
  const found = folders
    .filter((one) => one !== '')
    .map((one) => join(one, 'node'))
    .find((file) => existsSync(file) && majorOf(file) < NEEDED_MAJOR);
  if (found !== undefined) return [found];
  const disguise = join(folder, 'old-node.cjs');
  writeFileSync(disguise, "Object.defineProperty(process, 'version', { value: 'v8.17.0' });");
  return [process.execPath, '-r', disguise];
}

function majorOf(node: string): number {
  const { stdout } = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' });
  return Number.parseInt(stdout, 10) || NEEDED_MAJOR;
}
