/** Writes what follows from other files: pages under docs/ (configuration, checks, commands), and the code of proto/. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GENERATED_CODE, generatedCode } from './generated-code.ts';
import { generatedPages } from './generated-pages.ts';

// Before the code goes: pages are made by running parts of the program that use it.
const pages = await generatedPages();
const code = await generatedCode();
rmSync(placeOf(GENERATED_CODE), { recursive: true, force: true });
for (const [path, text] of [...code, ...pages]) {
  mkdirSync(dirname(placeOf(path)), { recursive: true });
  writeFileSync(placeOf(path), text);
  process.stdout.write(`${path}\n`);
}

function placeOf(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}
