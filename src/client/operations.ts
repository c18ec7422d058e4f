/** Every operation of the API by its name, for `client.call` and `client.list`. One line for each module of contracts. */
import type { z } from 'zod';
import * as audit from '../contracts/audit.ts';
import * as bulk from '../contracts/bulk.ts';
import * as checks from '../contracts/checks.ts';
import type { Contract } from '../contracts/contract.ts';
import * as endpoints from '../contracts/endpoints.ts';
import * as events from '../contracts/events.ts';
import * as fleet from '../contracts/fleet.ts';
import * as maintenance from '../contracts/maintenance.ts';
import * as rollupRules from '../contracts/rollup-rules.ts';
import * as siteOperations from '../contracts/site-operations.ts';
import * as sites from '../contracts/sites.ts';
import * as statistics from '../contracts/statistics.ts';
import * as status from '../contracts/status.ts';
import * as utility from '../contracts/utility.ts';
import * as verifiers from '../contracts/verifiers.ts';
import type { Operation } from './operation.ts';

/** Those that answer with a document or with nothing; a stream is followed with `client.stream`. */
type OperationsOf<Module> = {
  readonly [Name in keyof Module as Module[Name] extends Contract & ({ reply: z.ZodType } | { status: 204 })
    ? Name
    : never]: Module[Name] extends Contract ? Operation<Module[Name]> : never;
};

function operationsOf<const Module extends object>(module: Module): OperationsOf<Module> {
  const named = Object.entries(module).filter(([, value]) => isOperation(value));
  return Object.fromEntries(named) as OperationsOf<Module>;
}

/** Packed contracts have no replies to go by, so the stream is left out by its name. */
function isOperation(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'operationId' in value && value.operationId !== 'stream';
}

export const operations = {
  ...operationsOf(sites),
  ...operationsOf(statistics),
  ...operationsOf(maintenance),
  ...operationsOf(rollupRules),
  ...operationsOf(endpoints),
  ...operationsOf(checks),
  ...operationsOf(bulk),
  ...operationsOf(verifiers),
  ...operationsOf(siteOperations),
  ...operationsOf(fleet),
  ...operationsOf(audit),
  ...operationsOf(events),
  ...operationsOf(status),
  ...operationsOf(utility),
};
