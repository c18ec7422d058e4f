import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  areaOf,
  LISTENERS,
  LOADED_LATE,
  MAY_EXIT,
  MAY_FETCH,
  MAY_IMPORT,
  NETWORK_MODULES,
  NETWORK_PACKAGES,
  RESERVED,
  reach,
} from './import-rule.ts';
import { fileOf, findCycle, importsOf, packageOf } from './imports.ts';
import { isGenerated, isTest, ROOT, readFiles, withoutComments } from './source-files.ts';

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};
const all = readFiles(['src', 'web', 'test', 'prove', 'scripts']).filter((file) => /\.tsx?$/.test(file.path));
const source = all.filter((file) => /^(src|web)\//.test(file.path) && !isTest(file.path) && !isGenerated(file.path));

/** Runs a rule over each import of the source and lists what breaks it. */
function offences(rule: (path: string, found: ReturnType<typeof importsOf>[number]) => string | null): string[] {
  return source.flatMap((file) => importsOf(file).flatMap((found) => rule(file.path, found) ?? []));
}

describe('the import rule', () => {
  it('knows every folder of src', () => {
    const unknown = source.map((file) => areaOf(file.path) ?? file.path).filter((area) => !(area in MAY_IMPORT));
    expect(unknown).toEqual([]);
  });

  it('lets a part import only what stands below it', () => {
    const found = offences((path, { specifier }) => {
      const target = fileOf(path, specifier);
      const from = areaOf(path);
      if (target === null || from === null) return null;
      const to = areaOf(target) ?? target;
      return reach(from).has(to) ? null : `${path} (${from}) imports ${target} (${to})`;
    });
    expect(found).toEqual([]);
  });

  it('leaves sockets and name lookups to the wire', () => {
    const found = offences((path, { specifier, typeOnly }) => {
      const isNetwork = NETWORK_MODULES.includes(specifier.replace(/^node:/, ''));
      const mayImport = areaOf(path) === 'wire' || LISTENERS.includes(path);
      return isNetwork && !typeOnly && !mayImport ? `${path} imports ${specifier}` : null;
    });
    expect(found).toEqual([]);
  });

  it('lets ports be opened by those who connect to nothing', () => {
    const opening = source.filter(({ path }) => LISTENERS.includes(path));
    expect(opening.map(({ path }) => path)).toEqual(LISTENERS);
    const connecting = /\b(?:connect|createConnection|request|get)\s*\(|new (?:Socket|TLSSocket|Agent)\b/;
    expect(opening.filter(({ text }) => connecting.test(withoutComments(text)))).toEqual([]);
  });

  it('leaves packages that connect by themselves to those who need them', () => {
    const found = offences((path, { specifier, typeOnly }) => {
      const area = NETWORK_PACKAGES[packageOf(specifier) ?? ''];
      return area !== undefined && !typeOnly && areaOf(path) !== area ? `${path} imports ${specifier}` : null;
    });
    expect(found).toEqual([]);
  });

  it('makes sockets for probes in the prober thread alone', () => {
    const found = offences((path, { specifier, typeOnly }) => {
      const target = fileOf(path, specifier);
      const allowed = target === null ? undefined : RESERVED[target];
      return allowed === undefined || typeOnly || allowed.includes(path) ? null : `${path} imports ${target}`;
    });
    expect(found).toEqual([]);
    for (const file of [...Object.keys(RESERVED), ...Object.values(RESERVED).flat()]) {
      expect(source.map(({ path }) => path)).toContain(file);
    }
  });

  it('loads what takes a large library along only when it is needed', () => {
    const found = offences((path, { specifier, typeOnly, late }) => {
      const isLate = typeOnly || late || !LOADED_LATE.includes(fileOf(path, specifier) ?? '');
      return isLate ? null : `${path} imports ${specifier}`;
    });
    expect(found).toEqual([]);
    expect(source.map(({ path }) => path)).toEqual(expect.arrayContaining([...LOADED_LATE]));
  });

  it('leaves fetch to the wire and to those who talk to our own API', () => {
    const found = source
      .filter((file) => !MAY_FETCH.includes(areaOf(file.path) ?? ''))
      .filter((file) => /(^|[^\w.])fetch\s*\(|(?<!typeof )globalThis\.fetch/m.test(withoutComments(file.text)))
      .map((file) => file.path);
    expect(found).toEqual([]);
  });

  it('ends the process from one file only', () => {
    const found = source
      .filter((file) => file.path !== MAY_EXIT)
      .filter((file) => /\bprocess\.(exit|abort|reallyExit)\b/.test(withoutComments(file.text)))
      .map((file) => file.path);
    expect(found).toEqual([]);
  });

  it('has no cycles between files', () => {
    const graph = new Map(
      source.map((file) => [file.path, importsOf(file).flatMap(({ specifier }) => fileOf(file.path, specifier) ?? [])]),
    );
    expect(findCycle(graph)).toBeNull();
  });

  it('has no barrels', () => {
    expect(source.map((file) => file.path).filter((path) => /(^|\/)index\.tsx?$/.test(path))).toEqual([]);
    expect(offences((path, found) => (found.reexport ? `${path} passes on ${found.specifier}` : null))).toEqual([]);
  });

  it('does not import tests into the program', () => {
    const found = offences((path, { specifier }) => {
      const target = fileOf(path, specifier);
      return target !== null && isTest(target) ? `${path} imports ${target}` : null;
    });
    expect(found).toEqual([]);
  });

  it('imports packages that package.json names: run-time ones in src, any in web and tests', () => {
    const found = all.flatMap((file) => {
      const mayUseDev = !file.path.startsWith('src/') || isTest(file.path);
      const known = { ...manifest.dependencies, ...(mayUseDev ? manifest.devDependencies : {}) };
      return importsOf(file)
        .flatMap(({ specifier }) => packageOf(specifier) ?? [])
        .filter((name) => !(name in known))
        .map((name) => `${file.path} imports ${name}`);
    });
    expect(found).toEqual([]);
  });
});

describe('the reader of imports', () => {
  const read = (text: string) => importsOf({ path: 'src/a/b.ts', text });

  it('sees each form an import can take', () => {
    const text = [
      "import { a,\n  b } from './one.ts';",
      "import type { C } from './two.ts';",
      "import './three.ts';",
      "const four = await import('./four.ts');",
      "export { d } from './five.ts';",
      "new Worker(new URL('./six.ts', import.meta.url));",
    ].join('\n');
    expect(
      read(text)
        .map((found) => found.specifier)
        .sort(),
    ).toEqual(['./five.ts', './four.ts', './one.ts', './six.ts', './three.ts', './two.ts'].sort());
    expect(read(text).find((found) => found.specifier === './two.ts')?.typeOnly).toBe(true);
    expect(read(text).find((found) => found.specifier === './five.ts')?.reexport).toBe(true);
    expect(read(text).filter((found) => found.late)).toMatchObject([{ specifier: './four.ts' }]);
  });

  it('does not take comments or plain exports for imports', () => {
    expect(read("// import a from './a.ts'\n/* import './b.ts' */\nexport const from = 'x';")).toEqual([]);
  });

  it('resolves files, packages and modules of Node', () => {
    expect(fileOf('src/api/routes/sites.ts', '../../domain/ids.ts')).toBe('src/domain/ids.ts');
    expect([packageOf('@a/b/c'), packageOf('zod/v4'), packageOf('node:fs'), packageOf('./x.ts')]).toEqual([
      '@a/b',
      'zod',
      null,
      null,
    ]);
  });

  it('finds a cycle and names the files on it', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b']],
    ]);
    expect(findCycle(graph)).toEqual(['b', 'c', 'b']);
    expect(findCycle(new Map([['a', ['b']]]))).toBeNull();
  });
});

describe('the graph itself', () => {
  it('keeps siblings apart and reaches through', () => {
    expect(reach('wire').has('domain')).toBe(false);
    expect(reach('domain').has('telemetry')).toBe(false);
    expect(reach('store').has('wire')).toBe(false);
    expect(reach('web').has('services')).toBe(false);
    expect(reach('contracts').has('checks')).toBe(false);
    expect(reach('cli').has('store')).toBe(true);
  });

  it('is free of cycles', () => {
    expect(findCycle(new Map(Object.entries(MAY_IMPORT)))).toBeNull();
  });
});
