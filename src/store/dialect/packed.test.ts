import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { temporaryDatabase } from '../../../test/kit/store.ts';
import { pack, textAt } from './packed.ts';

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

  it('take bytes in a column for text as the text they are', () => {
    const values = [Buffer.from('https://ü.example/'), 12n];
    const { columns } = pack({ name: 'text' }, 2, (row) => values[row]);
    expect([0, 1].map((row) => textAt(columns.name, row))).toEqual(['https://ü.example/', '12']);
  });
});
