/** Every contract, as the server and the documentation want them. */
import type { Contract } from './contract.ts';
import { MODULES } from './modules.ts';

/** By path, then method: modules list their exports in no order to rely on. */
export const CONTRACTS: readonly Contract[] = MODULES.flatMap((module: object) =>
  Object.values(module).filter(isContract),
).sort((one, other) => compare(one.path, other.path) || compare(one.method, other.method));

function isContract(value: unknown): value is Contract {
  return typeof value === 'object' && value !== null && 'operationId' in value;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
