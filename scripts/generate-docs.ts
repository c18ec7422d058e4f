/** Writes the pages under docs/ that follow from the code: the configuration, the checks, the commands. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generatedPages } from './generated-pages.ts';

for (const [path, text] of await generatedPages()) {
  writeFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), text);
  process.stdout.write(`${path}\n`);
}
