/**
 * Contracts for the packaged client: only what a call needs while it runs. Schemas are types to a caller, and the library
 * they are made with is many times the size of the client.
 */
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Plugin } from 'vite';
import type { Contract } from '../../src/contracts/contract.ts';

/** Modules of `folder` that define contracts are replaced; the others stay as they are. */
export function shortContracts(folder: string): Plugin {
  return {
    name: 'short-contracts',
    enforce: 'pre',
    async load(id) {
      if (dirname(id) !== folder) return null;
      const module = (await import(pathToFileURL(id).href)) as Record<string, unknown>;
      const contracts = Object.entries(module).filter(([, value]) => isContract(value));
      if (contracts.length === 0) return null;
      return { code: contracts.map(([name, value]) => declare(name, value as Contract)).join(''), map: null };
    },
  };
}

function isContract(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'operationId' in value && 'path' in value;
}

function declare(name: string, { query, body, reply, example, ...short }: Contract): string {
  return `export const ${name} = ${JSON.stringify(short)};\n`;
}
