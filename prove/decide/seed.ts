/** A registry of many sites, written before the server opens it. */
import { CompiledQuery } from 'kysely';
import { openDatabase } from '../../src/store/database.ts';

const ROWS_PER_INSERT = 500;
const ROWS_PER_TRANSACTION = 50_000;

/** One site for each URL, numbered from 1, in the database at this address. */
export async function seedSites(url: string, urls: Iterable<string>, intervalMinutes: number): Promise<void> {
  const db = await openDatabase({ url });
  try {
    for (const batch of batchesOf(numbered(urls), ROWS_PER_TRANSACTION)) {
      await db.transaction(async (tx) => {
        for (const rows of batchesOf(batch, ROWS_PER_INSERT)) {
          const places = rows.map(() => '(?, 0, ?, 1, ?)').join(', ');
          const text = `insert into jetpack_monitor_sites (blog_id, bucket_no, monitor_url, monitor_active, check_interval) values ${places}`;
          const values = rows.flatMap(([id, url]) => [id, url, intervalMinutes]);
          await tx.executeQuery(CompiledQuery.raw(text, values));
        }
      });
    }
  } finally {
    await db.close();
  }
}

function* numbered(urls: Iterable<string>): Iterable<[id: number, url: string]> {
  let id = 0;
  for (const url of urls) yield [++id, url];
}

function* batchesOf<T>(items: Iterable<T>, size: number): Iterable<T[]> {
  let batch: T[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
