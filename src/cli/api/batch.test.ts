import { describe, expect, it } from 'vitest';
import { firstIdOf, labelIn, requireBatch } from './batch.ts';

const here = { isLocal: true, origin: new URL('http://127.0.0.1:8080') };
const elsewhere = { isLocal: false, origin: new URL('https://monitor.example') };

describe('the ids of a batch', () => {
  it('follow from its label, by FNV-1a of 32 bits', () => {
    const after = (hash: number) => 910_000_000 + (hash % 90_000) * 1_000;
    expect(['', 'a', 'foobar'].map(firstIdOf)).toEqual([0x811c9dc5, 0xe40c292c, 0xbf9cf968].map(after));
  });

  it('are the same for the bytes of a label, whatever letters it has', () => {
    expect(firstIdOf('é')).not.toBe(firstIdOf('e'));
    expect(firstIdOf('é') % 1_000).toBe(0);
  });
});

describe('a label', () => {
  it('is what a header and a shell take as it is', () => {
    expect(labelIn('staging-1.eu:b+c_d')).toBe('staging-1.eu:b+c_d');
    for (const text of ['', 'a b', 'a;b', '$x', 'ä', 'a\nb', 'x'.repeat(65)]) {
      expect(() => labelIn(text), text).toThrow(/--batch is not a label/);
    }
  });
});

describe('a server elsewhere', () => {
  it('wants the batch named, and nothing without its mark', () => {
    expect(() => requireBatch(elsewhere, {})).toThrow(/monitor\.example is not this machine/);
    expect(() => requireBatch(elsewhere, { batch: 'b', allowUnmarked: true })).toThrow(/--allow-unmarked is not for/);
    expect(() => requireBatch(elsewhere, { batch: 'b' })).not.toThrow();
  });

  it('is another matter than this machine', () => {
    expect(() => requireBatch(here, { allowUnmarked: true })).not.toThrow();
  });
});
