import { expect, it } from 'vitest';
import { temporaryDatabase } from '../../../test/kit/store.ts';
import { systemClock } from '../../lib/clock.ts';
import { systemRandom } from '../../lib/random.ts';
import { createApiKeys } from '../api-keys.ts';
import { hashToken } from '../api-token.ts';
import { widenApiKeys } from './0006-identity.ts';

it('keys made before are nobody else after it, and it may run again', async () => {
  const db = await temporaryDatabase();
  const keys = createApiKeys({ db, clock: systemClock, random: systemRandom });
  const { token, key } = await keys.create({ consumerName: 'gateway', scope: 'write' });
  for (const column of ['is_gateway', 'tenant_id']) {
    await db.kysely.schema.alterTable('jetmon_api_keys').dropColumn(column).execute();
  }
  for (const _ of ['first', 'again']) await widenApiKeys(db.kysely, db.dialect);
  expect(await keys.findByHash(hashToken(token))).toEqual({ ...key, isGateway: false, tenantId: null });
});
