/** How the product starts its Node, so that what is measured runs as it does. */
import { createRequire } from 'node:module';
import { join } from 'node:path';

type Launcher = {
  NODE_FLAGS: Readonly<Record<string, readonly string[] | undefined>>;
  compileCacheFolder(root: string, env: NodeJS.ProcessEnv): string | null;
};

const ROOT = join(import.meta.dirname, '..', '..');
const launcher = createRequire(import.meta.url)('../../scripts/launch.cjs') as Launcher;

/** Options of Node. */
export const PRODUCT_FLAGS: readonly string[] = launcher.NODE_FLAGS['src/main.ts'] ?? [];

/** Compiled code is kept between starts, which also spares each thread the memory of the compiler. */
export function productEnvironment(): NodeJS.ProcessEnv {
  const cache = launcher.compileCacheFolder(ROOT, process.env);
  return { ...process.env, ...(cache === null ? {} : { NODE_COMPILE_CACHE: cache }) };
}
