import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allows, bothAllow, grantsOf, NOTHING, needOf, SCOPE_WORDS, wordsOf } from './grants.ts';

const readSites = needOf('read', ['sites']);
const writeSites = needOf('write', ['sites']);

describe('scopes', () => {
  it.each([
    ['read', true, false],
    ['write', true, true],
    ['admin', true, true],
    ['sites:read', true, false],
    ['sites:write', true, true],
    ['events:write', false, false],
    ['sites:admin', false, false],
    ['SITES:READ', false, false],
    ['', false, false],
  ])('%s lets sites be read: %s, and written: %s', (word, reads, writes) => {
    const held = grantsOf([word]);
    expect([allows(held, readSites), allows(held, writeSites)]).toEqual([reads, writes]);
  });

  it('of several resources are all needed where an operation is about all of them', () => {
    const both = needOf('read', ['sites', 'events']);
    expect(allows(grantsOf(['sites:read']), both)).toBe(false);
    expect(allows(grantsOf(['sites:read', 'events:read']), both)).toBe(true);
  });

  it('never make an admin of whoever may write everything', () => {
    expect(allows(grantsOf(['write']), needOf('admin', ['sites']))).toBe(false);
    expect(allows(grantsOf(SCOPE_WORDS.filter((word) => word !== 'admin')), needOf('admin', ['sites']))).toBe(false);
    expect(allows(grantsOf(['admin']), needOf('admin', ['sites']))).toBe(true);
  });

  it('of two parties allow what both do', () => {
    expect(wordsOf(bothAllow(grantsOf(['write']), grantsOf(['sites:read', 'events:write'])))).toEqual([
      'sites:read',
      'events:write',
    ]);
    expect(bothAllow(grantsOf(['sites:write']), grantsOf(['events:read', 'unheard:of']))).toBe(NOTHING);
  });

  it('are said in the fewest words, which mean the same', () => {
    fc.assert(
      fc.property(fc.subarray([...SCOPE_WORDS]), (words) => {
        const grants = grantsOf(words);
        expect(grantsOf(wordsOf(grants))).toBe(grants);
      }),
    );
    expect(wordsOf(grantsOf(['sites:read', 'sites:write']))).toEqual(['sites:write']);
    expect(wordsOf(grantsOf(['admin', 'read']))).toEqual(['admin']);
  });
});
