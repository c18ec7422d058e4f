import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generatedPages } from '../../scripts/generated-pages.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('generated pages', () => {
  it('are fresh: `npm run generate` would change nothing', async () => {
    for (const [path, text] of await generatedPages()) {
      const committed = existsSync(`${root}/${path}`) ? readFileSync(`${root}/${path}`, 'utf8') : null;
      expect(committed === text, `${path} is stale; run \`npm run generate\``).toBe(true);
    }
  });
});
