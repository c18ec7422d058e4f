import { describe, expect, it } from 'vitest';
import { knownFlaws } from './version.ts';

describe('the known flaws of a Node release', () => {
  it('hold the Brotli decoder until the release that fixed it', () => {
    for (const affected of ['24.21.0', '24.22.0', '25.9.0', '26.10.0', '26.12.0']) {
      expect(knownFlaws(affected), affected).toEqual(['CVE-2026-111497 (Brotli decoder)']);
    }
    for (const fixed of ['24.22.1', '24.23.0', '26.12.1', '27.0.0']) expect(knownFlaws(fixed), fixed).toEqual([]);
  });
});
