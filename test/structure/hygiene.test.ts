import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, readFiles } from './source-files.ts';

type Manifest = Record<'dependencies' | 'devDependencies' | 'optionalDependencies', Record<string, string>>;
type Lockfile = { packages: Record<string, { resolved?: string; hasInstallScript?: boolean }> };

/** What must not stand in any file of the project, and why. */
const FORBIDDEN: readonly { what: string; pattern: RegExp }[] = [
  { what: 'a path of one machine', pattern: /(?<![\w./\-:])\/(?:work|root)\/\w/ },
  { what: 'a package registry', pattern: /\bregistry\.(?:npmjs|yarnpkg|npmmirror)\b|\bnpm\.pkg\.github\b/ },
  { what: 'a private key', pattern: /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}/ },
];

/** Its script only puts the binary in the place of the launcher, which finds the binary without it. */
const SCRIPT_NOT_NEEDED = ['node_modules/@bufbuild/buf'];

/** Files that run before the pinned Node is there, on whatever Node the machine has. */
const OLD_SYNTAX = [
  'bin/jetmon2',
  ...['bootstrap', 'build', 'build-page', 'install', 'launch', 'start', 'test', 'verify', 'dev', 'prove'].map(
    (name) => `scripts/${name}.cjs`,
  ),
];
const NEW_IN_SYNTAX = /\b(?:const|let|class|async|await)\b|=>|\?\.|\?\?|`|\.\.\.|\bimport\b|require\('node:/;

const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
const lockfile = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Lockfile;
const files = readFiles();

describe('the files of the project', () => {
  for (const { what, pattern } of FORBIDDEN) {
    it(`hold no ${what.replace(/^an? /, '')}`, () => {
      expect(files.filter((file) => pattern.test(file.text)).map((file) => file.path)).toEqual([]);
    });
  }

  it('keep the bootstrap in syntax that any Node parses', () => {
    const found = OLD_SYNTAX.flatMap((path) =>
      withoutProse(files.find((file) => file.path === path)?.text ?? `let missing = '${path}'`)
        .split('\n')
        .filter((line) => NEW_IN_SYNTAX.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(found).toEqual([]);
  });
});

describe('the dependencies', () => {
  const named = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };

  it('are named by exact version', () => {
    expect(Object.entries(named).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('need no install scripts, not even those of dependencies', () => {
    const scripted = Object.entries(lockfile.packages).filter(([, entry]) => entry.hasInstallScript === true);
    expect(scripted.map(([path]) => path)).toEqual(SCRIPT_NOT_NEEDED);
  });

  it('are locked without the place they came from', () => {
    expect(Object.values(lockfile.packages).filter((entry) => entry.resolved !== undefined)).toEqual([]);
  });
});

/** Code without comments and quoted text, in which words such as `let` and back quotes are prose. */
function withoutProse(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')
    .replace(/(?<!require\()'(?:[^'\\\n]|\\.)*'/g, "''");
}
