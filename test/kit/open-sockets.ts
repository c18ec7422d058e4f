/** How many sockets this process has open, those that keep nothing alive among them. */
import { readdirSync, readlinkSync } from 'node:fs';

const FOLDER = '/proc/self/fd';

/** From /proc; null on a system that has none. */
export function openSockets(): number | null {
  let names: string[];
  try {
    names = readdirSync(FOLDER);
  } catch {
    return null;
  }
  return names.filter(isSocket).length;
}

function isSocket(name: string): boolean {
  try {
    return readlinkSync(`${FOLDER}/${name}`).startsWith('socket:');
  } catch {
    // The descriptor of the folder itself, which was closed when it was read.
    return false;
  }
}
