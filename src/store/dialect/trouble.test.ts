import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { AppError } from '../../domain/errors.ts';
import { isConflict, isDuplicate, isLockConflict, isOutcomeUnknown } from './trouble.ts';

const mysql = (errno: number) => Object.assign(new Error('from the server'), { errno, code: 'ER_X' });

it('tells conflicts by the codes of MySQL', () => {
  expect([1205, 1213, 1062, 1586, 1020].map(mysql).map(isConflict)).toEqual([true, true, true, true, true]);
  expect([1205, 1213, 1062].map(mysql).map(isDuplicate)).toEqual([false, false, true]);
  expect([1205, 1213, 1062].map(mysql).map(isLockConflict)).toEqual([true, true, false]);
  expect([1064, 1290, 2013, -111, 2067].map(mysql).map(isConflict)).toEqual([false, false, false, false, false]);
});

it('tells conflicts by the codes of SQLite, also behind words for people', () => {
  const file = new DatabaseSync(':memory:');
  file.exec('create table t (a integer primary key, b text unique); insert into t values (1, 2)');
  const failure = (statement: string) => {
    try {
      file.exec(statement);
    } catch (error) {
      return error;
    }
    throw new Error('it did not fail');
  };
  const primary = failure('insert into t values (1, 3)');
  const unique = failure('insert into t values (2, 2)');
  expect([primary, unique].map(isDuplicate)).toEqual([true, true]);
  expect(isDuplicate(new AppError('db_unavailable', 'x', { cause: unique }))).toBe(true);
  expect(isConflict(failure('insert into nothing values (1)'))).toBe(false);
  file.close();
});

it('tells a commit whose outcome is unknown from one that failed', () => {
  expect(isOutcomeUnknown(new AppError('db_unavailable', 'x', { details: { outcome: 'unknown' } }))).toBe(true);
  expect(isOutcomeUnknown(new AppError('db_unavailable', 'x'))).toBe(false);
  expect([null, undefined, 'x', new Error('x')].map(isConflict)).toEqual([false, false, false, false]);
});
