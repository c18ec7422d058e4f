/** Site ids: handed out in order, where they are ours to hand out. */
import { sql } from 'kysely';
import { MAX_ID, type SiteId } from '../domain/ids.ts';
import { registry } from './legacy.ts';
import type { Tx } from './schema.ts';

/** The next free site id, or null where ids are not ours to hand out. Ids that callers chose are stepped over. */
export async function allocateSiteId(tx: Tx): Promise<SiteId | null> {
  const sequence = await tx
    .selectFrom('jetmon_sequences')
    .select('next_value')
    .where('name', '=', 'blog_id')
    .executeTakeFirst();
  if (sequence === undefined) return null;
  const siteId = await firstFreeFrom(tx, sequence.next_value);
  await tx
    .updateTable('jetmon_sequences')
    .set({ next_value: siteId + 1n })
    .where('name', '=', 'blog_id')
    .execute();
  return siteId as SiteId;
}

async function firstFreeFrom(tx: Tx, wanted: bigint): Promise<bigint> {
  const taken = await tx.selectFrom(registry(tx)).select('site_id').where('site_id', '=', wanted).limit(1).execute();
  if (taken.length === 0) return wanted;
  // The end of the run of taken ids that `wanted` lies in.
  const end = await tx
    .selectFrom(registry(tx))
    .select('registry.site_id')
    .where('registry.site_id', '>=', wanted)
    .where('registry.site_id', '<', MAX_ID)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom(registry(tx, 'next'))
            .select('next.site_id')
            .where(sql<boolean>`next.site_id = registry.site_id + 1`),
        ),
      ),
    )
    .orderBy('registry.site_id')
    .limit(1)
    .executeTakeFirst();
  if (end === undefined) throw new Error('there is no free site id left');
  return end.site_id + 1n;
}
