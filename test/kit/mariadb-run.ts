/** Starts the one MariaDB that all tests of the project `mariadb` share, each with a database of its own. */
import type { TestProject } from 'vitest/node';
import { startMariadb } from './mariadb.ts';
import { type MadeTables, makeTables } from './mariadb-made.ts';
import { provideMariadb } from './mariadb-program.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Absent in every other project. */
    mariadb?: { port: number; made: MadeTables } | { missing: string };
  }
}

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const server = await provideMariadb()
    .then((program) => startMariadb(program))
    .catch((error: unknown) => {
      project.provide('mariadb', { missing: error instanceof Error ? error.message : String(error) });
    });
  if (server === undefined) return undefined;
  try {
    project.provide('mariadb', { port: server.port, made: await makeTables(server) });
    return () => server.stop();
  } catch (error) {
    await server.stop();
    throw error;
  }
}
