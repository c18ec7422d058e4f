import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createTextSearch } from './body-search.ts';

type Rules = { required?: string | null; forbidden?: string[] };

function search({ required = null, forbidden = [] }: Rules, ...pieces: (string | Buffer)[]) {
  const found = createTextSearch({
    required: required === null ? null : Buffer.from(required),
    forbidden: forbidden.map((text) => Buffer.from(text)),
  });
  for (const piece of pieces) {
    // As in the wire: the bytes are good for the call only.
    const bytes = Buffer.from(piece);
    found.push(bytes);
    found.keep();
    bytes.fill(0);
  }
  const { outcome, ...result } = found.result();
  expect(outcome).toBe('searched');
  expect(result.isRequiredMissing).toBe(found.isRequiredMissing());
  return result;
}

describe('a required text', () => {
  it('is found anywhere, and missing anywhere else', () => {
    expect(search({ required: 'needle' }, 'a needle here')).toEqual({
      isRequiredMissing: false,
      forbiddenFound: null,
      bytesSearched: 13,
    });
    expect(search({ required: 'needle' }, 'nothing').isRequiredMissing).toBe(true);
    expect(search({ required: 'needle' }).isRequiredMissing).toBe(true);
  });

  it('is compared by bytes: case and spelling count', () => {
    expect(search({ required: 'Needle' }, 'needle').isRequiredMissing).toBe(true);
    expect(search({ required: 'caf\u00e9' }, Buffer.from('caf\u00e9')).isRequiredMissing).toBe(false);
    expect(search({ required: 'caf\u00e9' }, Buffer.from('caf\xe9', 'latin1')).isRequiredMissing).toBe(true);
    expect(search({ required: 'caf\u00e9' }, 'cafe\u0301').isRequiredMissing).toBe(true);
    expect(search({ required: '\u2603' }, Buffer.from([0xff, 0xe2, 0x98, 0x83, 0xc0])).isRequiredMissing).toBe(false);
  });

  it('is found over the borders of as many pieces as it has bytes', () => {
    expect(search({ required: 'needle' }, ...'a needle').isRequiredMissing).toBe(false);
    expect(search({ required: 'needle' }, 'nee', '', 'dle').isRequiredMissing).toBe(false);
    expect(search({ required: 'needle' }, 'nee', 'x', 'dle').isRequiredMissing).toBe(true);
  });

  it('is found when its start comes again and again', () => {
    expect(search({ required: 'aab' }, 'aa', 'a', 'b').isRequiredMissing).toBe(false);
  });

  it('that is empty is found in nothing', () => {
    expect(search({ required: '' }).isRequiredMissing).toBe(false);
  });

  it('is not missing where none is required', () => {
    expect(search({}, 'text')).toEqual({ isRequiredMissing: false, forbiddenFound: null, bytesSearched: 4 });
  });
});

describe('forbidden texts', () => {
  it('are told by the first of the list that was found', () => {
    expect(search({ forbidden: ['b', 'a'] }, 'xa', 'xb').forbiddenFound).toBe(0);
    expect(search({ forbidden: ['b', 'a'] }, 'xa').forbiddenFound).toBe(1);
    expect(search({ forbidden: ['b', 'a'] }, 'x').forbiddenFound).toBeNull();
  });

  it('are looked for beside a required one, whichever comes first', () => {
    const rules = { required: 'welcome', forbidden: ['fatal error'] };
    expect(search(rules, 'welcome fatal', ' error')).toMatchObject({ isRequiredMissing: false, forbiddenFound: 0 });
    expect(search(rules, 'fatal error')).toMatchObject({ isRequiredMissing: true, forbiddenFound: 0 });
  });

  it('that are empty are never found', () => {
    expect(search({ forbidden: ['', 'a'] }, 'bcd').forbiddenFound).toBeNull();
  });
});

it('finds in pieces what it finds in one, for any text and any rules', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u00e9') });
  const rules = fc.record({ required: fc.option(text), forbidden: fc.array(text, { maxLength: 3 }) });
  fc.assert(
    fc.property(text, rules, fc.array(fc.nat({ max: 20 })), (whole, wanted, cuts) => {
      const bytes = Buffer.from(whole);
      const borders = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const pieces = borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
      const found = search(wanted, ...pieces);
      expect(found).toEqual(search(wanted, bytes));
      expect(found.isRequiredMissing).toBe(wanted.required !== null && !whole.includes(wanted.required));
      const forbidden = wanted.forbidden.findIndex((one) => one !== '' && whole.includes(one));
      expect(found.forbiddenFound).toBe(forbidden === -1 ? null : forbidden);
    }),
  );
});
