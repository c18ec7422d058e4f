import { expect, it } from 'vitest';
import { watchedWords } from './watched-words.ts';

it('says what became of a URL, and what its site was before', () => {
  expect(watchedWords({ siteId: 3, outcome: 'created' })).toBe('watched as site 3');
  expect(watchedWords({ siteId: 3n, outcome: 'exists' })).toBe('already watched as site 3');
  expect(watchedWords({ siteId: 3, outcome: 'paused' })).toContain('site 3, which is paused');
  expect(watchedWords({ siteId: 3, outcome: 'resumed', was: 'removed' })).toBe(
    'watched again as site 3; it was removed',
  );
});
