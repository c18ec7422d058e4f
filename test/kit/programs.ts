/** Programs of this machine. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Full path of the first of `folders` that holds an executable `name`; null when none does. */
export function findProgram(name: string, folders: readonly string[]): string | null {
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
