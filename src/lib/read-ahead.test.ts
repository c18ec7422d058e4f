import { describe, expect, it } from 'vitest';
import { readAhead } from './read-ahead.ts';

const PAGES = [0, 1, 2];

describe('reading ahead', () => {
  it('gives every page in order, and has asked for the next one by then', async () => {
    const asked: number[] = [];
    const read = async (page: number) => {
      asked.push(page);
      return page;
    };
    const seen: unknown[] = [];
    for await (const page of readAhead(0, read, (last) => (last === 2 ? null : last + 1)))
      seen.push([page, [...asked]]);
    expect(seen).toEqual(PAGES.map((page) => [page, PAGES.slice(0, page + 2)]));
  });

  it('fails when the turn of a page comes that cannot be read', async () => {
    const read = (page: number) => (page === 1 ? Promise.reject(new Error('away')) : Promise.resolve(page));
    const seen: number[] = [];
    const reading = async () => {
      for await (const page of readAhead(0, read, (last) => last + 1)) seen.push(page);
    };
    await expect(reading()).rejects.toThrow('away');
    expect(seen).toEqual([0]);
  });
});
