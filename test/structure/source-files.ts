/** Reads the project's own files for the structure tests: no build output, no dependencies, nothing generated. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const ROOT = join(import.meta.dirname, '..', '..');

const NOT_OURS = new Set(['node_modules', 'dist', 'data', 'coverage', '.git']);
const GENERATED = [/(^|\/)gen\//, /^openapi\//, /^package-lock\.json$/];
const BINARY = /\.(png|jpg|ico|gif|woff2|gz|sqlite)$/;

export type SourceFile = { path: string; text: string };

/** Every text file below `folders` (relative to the root), with paths relative to the root. */
export function readFiles(folders: readonly string[] = ['.']): SourceFile[] {
  return folders.flatMap((folder) =>
    walk(join(ROOT, folder))
      .map((file) => relative(ROOT, file))
      .filter((path) => !BINARY.test(path))
      .map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') })),
  );
}

function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.has(entry.name) || entry.name.startsWith('.dist-')) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path);
    return entry.isFile() ? [path] : [];
  });
}

export function isGenerated(path: string): boolean {
  return GENERATED.some((pattern) => pattern.test(path));
}

export function isTest(path: string): boolean {
  return path.startsWith('test/') || /\.test\.tsx?$/.test(path);
}

/** The code without its comments, line by line as before, so that prose cannot break or satisfy a rule. */
export function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|[\s;{}(,])\/\/.*$/gm, '$1');
}
