import { DEFAULT_PLAN } from '../../domain/probe-plan.ts';

/** How a test site is asked whether it is one, and well: another program may have its port. */
export const WELL = { ...DEFAULT_PLAN, keyword: '"status":"ok"' };
