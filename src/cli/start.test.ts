import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const SOURCE = join(import.meta.dirname, '..');

/** Every file that is loaded before the first line of `entry` runs. */
function loadedBy(entry: string): Set<string> {
  const found = new Set<string>();
  const visit = (path: string): void => {
    if (found.has(path) || !existsSync(path)) return;
    found.add(path);
    const text = readFileSync(path, 'utf8');
    for (const [, specifier = ''] of text.matchAll(/^(?:import|export)(?! type)[^;]*?from '(\.[^']+)';$/gm)) {
      visit(join(path, '..', specifier));
    }
  };
  visit(join(SOURCE, entry));
  return new Set([...found].map((path) => path.slice(SOURCE.length + 1)));
}

describe('what a command loads', () => {
  it('is not the API where it is not asked: a check starts as fast as it did', () => {
    for (const entry of ['main.ts', 'cli/check.ts', 'cli/version.ts']) {
      const loaded = loadedBy(entry);
      expect(
        [...loaded].filter((path) => /^(contracts\/all|client\/|cli\/api)/.test(path)),
        entry,
      ).toEqual([]);
    }
    expect(loadedBy('cli/api.ts')).toContain('contracts/all.ts');
  });

  it('is no server and no database where another server is asked', () => {
    const loaded = loadedBy('cli/api.ts');
    expect([...loaded].filter((path) => /^(app|api|engine|store|services)\//.test(path))).toEqual([]);
  });
});
