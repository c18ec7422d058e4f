/** The machine's hosts file as a table of names, read again when the file changes. A missing file is an empty one. */
import { isIP } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { createChangingFile } from './changing-file.ts';

export interface HostsFile {
  /** Addresses listed for a name in lower case, in file order; undefined when it is not listed. */
  lookup(name: string): readonly string[] | undefined;
}

const MAX_ADDRESSES_PER_NAME = 16;

export function createHostsFile(path: string, clock: Clock): HostsFile {
  const file = createChangingFile(path, clock);
  let table: ReadonlyMap<string, string[]> = new Map();

  return {
    lookup(name) {
      const text = file.textIfChanged();
      if (text !== null) table = parseHosts(text);
      return table.get(name);
    },
  };
}

/** Lines of `address name alias...`; `#` starts a comment. Addresses with a zone id are passed over. */
export function parseHosts(text: string): Map<string, string[]> {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address, ...names] = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    if (address === undefined || isIP(address) === 0 || address.includes('%')) continue;
    for (const name of names) addTo(table, name.toLowerCase(), address);
  }
  return table;
}

function addTo(table: Map<string, string[]>, name: string, address: string): void {
  const addresses = table.get(name);
  if (addresses === undefined) table.set(name, [address]);
  else if (addresses.length < MAX_ADDRESSES_PER_NAME && !addresses.includes(address)) addresses.push(address);
}
