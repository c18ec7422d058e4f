/**
 * The one list of contracts: what the server may serve below /api/v1 and what the documentation tells of. A new file of
 * contracts is one line here.
 */

import * as audit from './audit.ts';
import * as bulk from './bulk.ts';
import * as checks from './checks.ts';
import type { Contract } from './contract.ts';
import * as endpoints from './endpoints.ts';
import * as events from './events.ts';
import * as fleet from './fleet.ts';
import * as maintenance from './maintenance.ts';
import * as rollupRules from './rollup-rules.ts';
import * as siteOperations from './site-operations.ts';
import * as sites from './sites.ts';
import * as statistics from './statistics.ts';
import * as status from './status.ts';
import * as utility from './utility.ts';
import * as verifiers from './verifiers.ts';

const MODULES: readonly object[] = [
  statistics,
  maintenance,
  rollupRules,
  endpoints,
  checks,
  bulk,
  verifiers,
  siteOperations,
  fleet,
  audit,
  sites,
  events,
  utility,
  status,
];

/** By path, then method: modules list their exports in no order to rely on. */
export const CONTRACTS: readonly Contract[] = MODULES.flatMap((module) =>
  Object.values(module).filter(isContract),
).sort((one, other) => compare(one.path, other.path) || compare(one.method, other.method));

function isContract(value: unknown): value is Contract {
  return typeof value === 'object' && value !== null && 'operationId' in value;
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}
