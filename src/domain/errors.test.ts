import { describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, type ErrorCode } from './errors.ts';

describe('the catalogue of errors', () => {
  it('has codes in snake_case that fit a column, with the two underscores of a filter', () => {
    for (const code of Object.keys(ERROR_CODES)) expect(code).toMatch(/^[a-z][a-z0-9]*(__?[a-z0-9]+)*$/);
    for (const code of Object.keys(ERROR_CODES)) expect(code.length).toBeLessThanOrEqual(64);
  });

  it('gives an error the kind of its code', () => {
    for (const [code, kind] of Object.entries(ERROR_CODES)) {
      expect(new AppError(code as ErrorCode, 'words').kind).toBe(kind);
    }
  });
});

describe('an AppError', () => {
  it('carries what a person and a program need', () => {
    const cause = new Error('the disk is full');
    const error = new AppError('site_exists', 'it is watched already', { fix: 'nothing', details: { id: 7n }, cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'AppError', code: 'site_exists', kind: 'conflict', fix: 'nothing', cause });
    expect(error.message).toBe('it is watched already');
    expect(error.details).toEqual({ id: 7n });
  });

  it('has no fix, no details and no cause unless they are given', () => {
    const error = new AppError('internal', 'it broke');
    expect(error.fix).toBeNull();
    expect(error.details).toEqual({});
    expect('cause' in error).toBe(false);
  });
});
