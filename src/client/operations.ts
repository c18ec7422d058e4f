/** Every operation of the API by its name, for `client.call` and `client.list`. */
import type { z } from 'zod';
import type { Contract } from '../contracts/contract.ts';
import { MODULES } from '../contracts/modules.ts';
import type { Operation } from './operation.ts';

/** Those that answer with a document or with nothing; a stream is followed with `client.stream`. */
type OperationsOf<Module> = {
  readonly [Name in keyof Module as Module[Name] extends Contract & ({ reply: z.ZodType } | { status: 204 })
    ? Name
    : never]: Module[Name] extends Contract ? Operation<Module[Name]> : never;
};

type AllOf<Modules extends readonly object[]> = Modules extends readonly [
  infer First,
  ...infer Rest extends readonly object[],
]
  ? OperationsOf<First> & AllOf<Rest>
  : unknown;

export type Operations = AllOf<typeof MODULES>;

export const operations = Object.fromEntries(
  MODULES.flatMap((module: object) => Object.entries(module).filter(([, value]) => isOperation(value))),
) as Operations;

/** Packed contracts have no replies to go by, so the stream is left out by its name. */
function isOperation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'operationId' in value && value.operationId !== 'stream';
}
