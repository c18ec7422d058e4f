/**
 * The one list of modules that hold contracts: what the server may serve below /api/v1, what the documentation tells of and
 * what the client calls. A new module is named here and nowhere else.
 */
import * as audit from './audit.ts';
import * as bulk from './bulk.ts';
import * as checks from './checks.ts';
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

export const MODULES = [
  audit,
  bulk,
  checks,
  endpoints,
  events,
  fleet,
  maintenance,
  rollupRules,
  siteOperations,
  sites,
  statistics,
  status,
  utility,
  verifiers,
] as const;
