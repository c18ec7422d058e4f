/** The one list of migrations, in order. An id is never reused; a step that is no longer wanted stays as a no-op. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';
import { createFirstTables } from './0001-first-tables.ts';
import { addProbeColumns } from './0002-probe-columns.ts';
import { createOperations } from './0003-operations.ts';
import { createHistoryTables } from './0004-history.ts';
import { createParkedRows } from './0005-parked-rows.ts';
import { widenApiKeys } from './0006-identity.ts';
import { createIdempotencyTable } from './0007-idempotency.ts';
import { createMaintenanceWindows } from './0008-maintenance-windows.ts';
import { createEarlierSettings } from './0010-earlier-settings.ts';
import { createVerifications } from './0011-verifications.ts';
import { addWhoseWords } from './0013-whose-words.ts';
import { indexAuditByAge } from './0014-audit-by-age.ts';

export type Migration = {
  id: number;
  name: string;
  /** May run again after it was cut short: not every database rolls back changes of tables. */
  up(db: Executor, dialect: Dialect): Promise<void>;
};

export const MIGRATIONS: readonly Migration[] = [
  { id: 1, name: 'first tables', up: createFirstTables },
  { id: 2, name: 'how endpoints are probed', up: addProbeColumns },
  { id: 3, name: 'leases, subscribers, outbox and audit trail', up: createOperations },
  { id: 4, name: 'check history', up: createHistoryTables },
  { id: 5, name: 'rows that were set aside', up: createParkedRows },
  { id: 6, name: 'what keys may do, and for whom', up: widenApiKeys },
  { id: 7, name: 'idempotency keys', up: createIdempotencyTable },
  { id: 8, name: 'maintenance windows', up: createMaintenanceWindows },
  { id: 10, name: 'what settings were before', up: createEarlierSettings },
  { id: 11, name: 'what verifiers said last', up: createVerifications },
  { id: 13, name: 'whose words windows carry, and from where keys come', up: addWhoseWords },
  { id: 14, name: 'the audit trail by age', up: indexAuditByAge },
];
