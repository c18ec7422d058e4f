/** Worker threads in a packed program: each file that a thread runs becomes an entry, and is called by its new name. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Plugin } from 'vite';

const THREAD = /(new URL\('\.\/)([\w-]+)(\.ts)(', import\.meta\.url\))/g;

/** Entries by name: every file beside its caller that `new URL('./x.ts', import.meta.url)` names. */
export function threadEntries(source: string): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const name of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    const file = join(source, name);
    for (const [, , thread = ''] of readFileSync(file, 'utf8').matchAll(THREAD)) {
      const entry = join(dirname(file), `${thread}.ts`);
      if ((entries[thread] ?? entry) !== entry) throw new Error(`two threads are called ${basename(entry)}`);
      entries[thread] = entry;
    }
  }
  return entries;
}

export function threadsAsJavaScript(): Plugin {
  return {
    name: 'threads-as-javascript',
    enforce: 'pre',
    transform: (code) => (THREAD.test(code) ? { code: code.replace(THREAD, '$1$2.js$4'), map: null } : null),
  };
}
