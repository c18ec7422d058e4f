import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { GENERATED_CODE, generatedCode } from '../../scripts/generated-code.ts';
import { generatedPages } from '../../scripts/generated-pages.ts';
import { readFiles } from './source-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('generated pages', () => {
  // Carries out the example of every contract.
  it('are fresh: `npm run generate` would change nothing', { timeout: 120_000 }, async () => {
    for (const [path, text] of await generatedPages()) {
      const committed = existsSync(`${root}/${path}`) ? readFileSync(`${root}/${path}`, 'utf8') : null;
      expect(committed === text, `${path} is stale; run \`npm run generate\``).toBe(true);
    }
  });
});

describe('generated code', () => {
  it('is fresh, whole and nothing besides: `npm run generate` would change nothing', async () => {
    const committed = new Map(readFiles([GENERATED_CODE]).map((file) => [file.path, file.text]));
    expect(Object.fromEntries(committed)).toEqual(Object.fromEntries(await generatedCode()));
  });
});
