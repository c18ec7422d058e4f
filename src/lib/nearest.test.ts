import { describe, expect, it } from 'vitest';
import { nearest } from './nearest.ts';

describe('the nearest name', () => {
  const names = ['HTTP_PORT', 'HTTP_BIND', 'EGRESS_ALLOW'];

  it('is found for a slip of the fingers, whatever the case', () => {
    expect(nearest('HTPP_PORT', names)).toBe('HTTP_PORT');
    expect(nearest('egress_alow', names)).toBe('EGRESS_ALLOW');
    expect(nearest('chekc', ['check', 'serve'])).toBe('check');
  });

  it('is not forced on a word that resembles nothing', () => {
    expect(nearest('BANANA', names)).toBeNull();
    expect(nearest('x', [])).toBeNull();
  });
});
