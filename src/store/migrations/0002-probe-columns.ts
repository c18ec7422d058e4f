/** How an endpoint is probed (spec/01 section 12.3), and two more phases of a probe: columns beside those that are there. */
import type { Dialect } from '../dialect/dialect.ts';
import type { Executor } from '../schema.ts';
import { addColumns } from './add-columns.ts';

export async function addProbeColumns(db: Executor, dialect: Dialect): Promise<void> {
  await addColumns(db, 'jetmon_endpoint_check_config', {
    check_keyword: 'varchar(500)',
    forbidden_keyword: 'varchar(500)',
    forbidden_keywords: dialect.longTextType,
    custom_headers: dialect.longTextType,
    redirect_policy: 'varchar(16)',
    request_method: 'varchar(16)',
    detection_profile: 'varchar(16)',
    expected_status: 'varchar(160)',
    http2: 'smallint',
  });
  await addColumns(db, 'jetmon_endpoint_runtime', { sent_ms: 'double precision', headers_ms: 'double precision' });
}
