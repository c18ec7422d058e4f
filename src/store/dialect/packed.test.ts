import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { temporaryDatabase } from '../../../test/kit/store.ts';
import { bytesAt, pack, textAt } from './packed.ts';

const KINDS = { id: 'id', share: 'number', name: 'text' } as const;

describe('packed rows', () => {
  it('hold exact ids, doubles and texts, with null as no number and as no text', async () => {
    const { kysely, readPacked } = await temporaryDatabase();
    const query = sql`select 9007199254740993 as id, 0.5 as share, 'ä\u{1F600}' as name
      union all select 2, null, null union all select 3, 7, 'c'`;
    const { count, columns } = await readPacked(query.compile(kysely), KINDS);
    expect(count).toBe(3);
    expect([...columns.id]).toEqual([9_007_199_254_740_993n, 2n, 3n]);
    expect([...columns.share]).toEqual([0.5, Number.NaN, 7]);
    expect([0, 1, 2].map((row) => textAt(columns.name, row))).toEqual(['ä\u{1F600}', '', 'c']);
  });

  it('hold bytes, with null as none of them, and see what a snapshot sees', async () => {
    const { kysely, readPacked, snapshot, transaction } = await temporaryDatabase();
    const query = sql`select x'00ff' as body, 1 as id union all select null, 2 union all select x'07', 3`;
    const kinds = { body: 'bytes', id: 'number' } as const;
    const { columns } = await readPacked(query.compile(kysely), kinds);
    expect([0, 1, 2].map((row) => [...bytesAt(columns.body, row)])).toEqual([[0, 255], [], [7]]);
    const names = sql`select count(*) as names from jetmon_sequences`.compile(kysely);
    await snapshot(async (tx) => {
      const before = await readPacked(names, { names: 'number' }, tx);
      await transaction(async (writer) => {
        await writer.insertInto('jetmon_sequences').values({ name: 'one more', next_value: 1 }).execute();
      });
      expect(await readPacked(names, { names: 'number' }, tx)).toEqual(before);
      const outside = await readPacked(names, { names: 'number' });
      expect(outside.columns.names[0]).toBe((before.columns.names[0] ?? 0) + 1);
    });
  });

  it('that are of another kind than was said, or that nobody can select, reject the read and hurt no other', async () => {
    const { kysely, readPacked } = await temporaryDatabase();
    const noId = sql`select 1 as id union all select null union all select 3`.compile(kysely);
    await expect(readPacked(noId, { id: 'id' })).rejects.toThrow();
    await expect(readPacked(sql`select nothing`.compile(kysely), { id: 'id' })).rejects.toThrow(/nothing/);
    const { columns } = await readPacked(sql`select -12 as n`.compile(kysely), { n: 'number' });
    expect([...columns.n]).toEqual([-12]);
  });

  it('are as many as there are, in columns no longer than that', async () => {
    const { kysely, readPacked } = await temporaryDatabase();
    const many = sql`with recursive n (id) as (select 1 union all select id + 1 from n where id < 700)
      select id, id * 0.5 as half, concat('t', id) as name, concat('b', id) as body from n order by id`;
    const kinds = { id: 'id', half: 'number', name: 'text', body: 'bytes' } as const;
    const { count, columns } = await readPacked(many.compile(kysely), kinds);
    expect([count, columns.id.length, columns.half.length, columns.name.ends.length]).toEqual([700, 700, 700, 700]);
    expect([columns.id[699], columns.half[699], textAt(columns.name, 699)]).toEqual([700n, 350, 't700']);
    expect(columns.id.buffer.byteLength).toBe(700 * 8);
  });

  it('take bytes in a column for text as the text they are', () => {
    const values = [Buffer.from('https://ü.example/'), 12n];
    const { columns } = pack(
      { name: 'text' },
      values.map((value) => [value]),
    );
    expect([0, 1].map((row) => textAt(columns.name, row))).toEqual(['https://ü.example/', '12']);
  });
});
