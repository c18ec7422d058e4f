/** Starts the one MariaDB that all tests of the project `mariadb` share, each with a database of its own. */
import type { TestProject } from 'vitest/node';
import { startMariadb } from './mariadb.ts';
import { provideMariadb } from './mariadb-program.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent in every other project. */
    mariadb?: { port: number } | { missing: string };
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  try {
    const server = await startMariadb(await provideMariadb());
    project.provide('mariadb', { port: server.port });
    return () => server.stop();
  } catch (error) {
    project.provide('mariadb', { missing: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}
