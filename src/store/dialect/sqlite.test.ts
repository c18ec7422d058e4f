import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { temporaryDatabase } from '../../../test/kit/store.ts';

describe('SQLite through Kysely', () => {
  it('reads whole numbers exactly and fractions as numbers', async () => {
    const { kysely } = await temporaryDatabase();
    const { rows } = await sql`select 9007199254740993 as id, 1.5 as part, null as none, 'x' as text`.execute(kysely);
    expect(rows).toEqual([{ id: 9_007_199_254_740_993n, part: 1.5, none: null, text: 'x' }]);
  });

  it('tells rows that were asked for from rows that were changed', async () => {
    const { kysely } = await temporaryDatabase();
    const inserted = await kysely.insertInto('jetmon_sequences').values({ name: 'a', next_value: 5 }).execute();
    expect(inserted[0]?.numInsertedOrUpdatedRows).toBe(1n);
    const both = kysely.updateTable('jetmon_sequences').where('name', 'in', ['a', 'blog_id']);
    const updated = await both.set({ next_value: 6 }).executeTakeFirstOrThrow();
    expect(updated.numUpdatedRows).toBe(2n);
    expect((await sql`pragma table_info(jetmon_sequences)`.execute(kysely)).rows).toHaveLength(2);
  });

  it('streams rows while the same statement runs again', async () => {
    const { kysely } = await temporaryDatabase();
    const rows = Array.from({ length: 5 }, (_, index) => ({ name: `n${index}`, next_value: index }));
    await kysely.insertInto('jetmon_sequences').values(rows).execute();
    const query = kysely.selectFrom('jetmon_sequences').select('name').where('name', 'like', 'n%').orderBy('name');
    const names: string[] = [];
    for await (const row of query.stream()) names.push(row.name);
    expect(names).toEqual((await query.execute()).map((row) => row.name));
    expect(names).toHaveLength(5);
  });

  it('keeps working after more different statements than it keeps', async () => {
    const { kysely } = await temporaryDatabase();
    for (let turn = 0; turn < 600; turn++) {
      const { rows } = await sql<{ n: bigint }>`select ${sql.raw(String(turn))} as n`.execute(kysely);
      expect(rows).toEqual([{ n: BigInt(turn) }]);
    }
  });

  it('leaves errors that are not about the file as they are', async () => {
    const { kysely } = await temporaryDatabase();
    const twice = [
      { name: 'same', next_value: 1 },
      { name: 'same', next_value: 2 },
    ];
    await expect(kysely.insertInto('jetmon_sequences').values(twice).execute()).rejects.toMatchObject({
      errcode: 1555,
    });
  });
});

describe('an upsert', () => {
  it('inserts, and on a taken key changes the columns it was given but those to keep', async () => {
    const { kysely, dialect } = await temporaryDatabase();
    const table = 'jetmon_endpoint_check_config' as const;
    const row = { source_site_id: 1n, blog_id: 2n, check_interval_seconds: 60, created_at: 10, updated_at: 10 };
    const key = ['source_site_id'] as const;
    await dialect.upsert(kysely, { table, rows: [{ ...row, timeout_seconds: 5 }], key });
    const later = { ...row, check_interval_seconds: 90, created_at: 20, updated_at: 20 };
    await dialect.upsert(kysely, { table, rows: [later], key, keep: ['created_at'] });
    expect(await kysely.selectFrom(table).selectAll().execute()).toMatchObject([
      {
        source_site_id: 1n,
        blog_id: 2n,
        check_interval_seconds: 90n,
        timeout_seconds: 5n,
        removed_at: null,
        created_at: 10n,
        updated_at: 20n,
      },
    ]);
  });

  it('with nothing to change leaves the row, and with no rows does nothing', async () => {
    const { kysely, dialect } = await temporaryDatabase();
    const name = 'blog_id';
    const table = 'jetmon_sequences' as const;
    await dialect.upsert(kysely, { table, rows: [{ name, next_value: 99 }], key: ['name'], keep: ['next_value'] });
    await dialect.upsert(kysely, { table, rows: [], key: ['name'] });
    const rows = await kysely.selectFrom(table).selectAll().where('name', '=', name).execute();
    expect(rows).toEqual([{ name, next_value: 1n }]);
  });
});
