/** The program that is killed, in one piece: most of its short life would go into finding and reading modules. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ENTRIES = {
  child: fileURLToPath(new URL('./child.ts', import.meta.url)),
  // The store starts this thread by its name, from beside itself.
  'sqlite-thread': fileURLToPath(new URL('../../src/store/dialect/sqlite-thread.ts', import.meta.url)),
};

export type PackedChild = { file: string; env: NodeJS.ProcessEnv; remove(): void };

/** Packs it into a temporary folder, with a cache of compiled code beside it. */
export async function packChild(): Promise<PackedChild> {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon2-packed-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: { input: ENTRIES, output: { entryFileNames: '[name].ts', chunkFileNames: '[name].js' } },
    },
  });
  return {
    file: join(folder, 'child.ts'),
    env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'cache') },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
