/**
 * Builds dist/ for the package: Node refuses TypeScript below node_modules, and browsers everywhere. Swapped in whole, so
 * that nobody packs half of it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Rolldown } from 'vite';
import { shortContracts } from './package/short-contracts.ts';
import { threadEntries, threadsAsJavaScript } from './package/threads.ts';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(ROOT, 'dist');
const COMMON = { root: ROOT, configFile: false, logLevel: 'warn', publicDir: false } as const;

const startMs = performance.now();
const fresh = join(ROOT, `.dist-${process.pid}`);
try {
  await buildProgram(join(fresh, 'program'));
  await buildClient(join(fresh, 'client'));
  writeTypes(join(fresh, 'client', 'types'));
  rmSync(DIST, { recursive: true, force: true });
  renameSync(fresh, DIST);
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
process.stderr.write(`jetmon2: package built in ${((performance.now() - startMs) / 1000).toFixed(1)} s\n`);

/** Main thread and worker threads beside each other; the packages they need stay the installer's. */
async function buildProgram(outDir: string): Promise<void> {
  await build({
    ...COMMON,
    plugins: [threadsAsJavaScript()],
    build: {
      ssr: true,
      target: 'node24',
      outDir,
      minify: false,
      rolldownOptions: {
        input: { main: join(ROOT, 'src/main.ts'), ...threadEntries(join(ROOT, 'src')) },
        output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
      },
    },
  });
}

/** One file that imports nothing. */
async function buildClient(outDir: string): Promise<void> {
  const built = await build({
    ...COMMON,
    plugins: [shortContracts(join(ROOT, 'src/contracts'))],
    build: {
      target: 'es2022',
      outDir,
      minify: false,
      lib: { entry: join(ROOT, 'src/client/package.ts'), formats: ['es'], fileName: () => 'client.js' },
    },
  });
  const chunks = ([built].flat() as Rolldown.RolldownOutput[]).flatMap(({ output }) => output);
  const imported = chunks.flatMap((chunk) =>
    chunk.type === 'chunk' ? [...chunk.imports, ...chunk.dynamicImports] : [],
  );
  if (chunks.length !== 1 || imported.length > 0) throw new Error(`the client is not one file alone: ${imported}`);
}

/** Declarations as the compiler writes them; other compilers look for `.js` where ours take `.ts`. */
function writeTypes(outDir: string): void {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  const args = ['--project', join(ROOT, 'scripts/package/tsconfig.json'), '--outDir', outDir];
  const ran = spawnSync(process.execPath, [tsc, ...args], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (ran.status !== 0 || !existsSync(join(outDir, 'client/package.d.ts'))) throw new Error('no types of the client');
  for (const name of readdirSync(outDir, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.d.ts')) continue;
    const file = join(outDir, name);
    writeFileSync(file, readFileSync(file, 'utf8').replace(/(['"])(\.{1,2}\/[^'"]+)\.ts\1/g, '$1$2.js$1'));
  }
}
