/** Finds the imports of a file in the shape the formatter leaves them in. */
import { posix } from 'node:path';
import { type SourceFile, withoutComments } from './source-files.ts';

export type Import = {
  specifier: string;
  typeOnly: boolean;
  reexport: boolean;
  /** Loaded when the line is reached, not with the file. */
  late: boolean;
};

const FROM = /^[ \t]*(import|export)\b(\s+type\b)?([^'"`;]*?)\bfrom\s*['"]([^'"]+)['"]/gm;
const BARE = /^[ \t]*import\s*['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
/** A worker's entry file is imported by a thread, which makes it part of the graph. */
const THREAD = /\bnew URL\(\s*['"](\.[^'"]+\.tsx?)['"],\s*import\.meta\.url/g;

export function importsOf(file: SourceFile): Import[] {
  const code = withoutComments(file.text);
  const found: Import[] = [];
  for (const [, keyword, type, , specifier = ''] of code.matchAll(FROM)) {
    found.push({ specifier, typeOnly: type !== undefined, reexport: keyword === 'export', late: false });
  }
  for (const pattern of [BARE, DYNAMIC, THREAD]) {
    for (const [, specifier = ''] of code.matchAll(pattern)) {
      found.push({ specifier, typeOnly: false, reexport: false, late: pattern === DYNAMIC });
    }
  }
  return found;
}

/** Path of the imported file relative to the root, or null for a package or a module of Node. */
export function fileOf(importer: string, specifier: string): string | null {
  return specifier.startsWith('.') ? posix.join(posix.dirname(importer), specifier) : null;
}

/** Name of the imported package, or null for a file or a module of Node. */
export function packageOf(specifier: string): string | null {
  if (specifier.startsWith('.') || specifier.startsWith('node:')) return null;
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? null);
}

/** One cycle of the graph as the files on it, first one repeated at the end; null when there is none. */
export function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | null {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): string[] | null => {
    const at = path.indexOf(file);
    if (at >= 0) return [...path.slice(at), file];
    if (done.has(file)) return null;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next);
      if (cycle !== null) return cycle;
    }
    path.pop();
    done.add(file);
    return null;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file);
    if (cycle !== null) return cycle;
  }
  return null;
}
