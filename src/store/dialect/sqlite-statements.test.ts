import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { createStatements } from './sqlite-statements.ts';

function statements() {
  return createStatements(new DatabaseSync(':memory:'));
}

describe('prepared statements', () => {
  it('are kept up to a number, the ones used last', () => {
    const { run, kept } = statements();
    for (let turn = 0; turn < 600; turn++) run(`select ${turn} as n`, []);
    expect(kept()).toBe(250);
  });

  it('are kept up to a length, so that a few long ones do not fill the memory', () => {
    const { run, kept } = statements();
    const long = (turn: number) => `select ${turn} as n /* ${'x'.repeat(100_000)} */`;
    for (let turn = 0; turn < 30; turn++) run(long(turn), []);
    expect(kept()).toBe(9);
    run(`select 1 as n /* ${'x'.repeat(2_000_000)} */`, []);
    expect(kept()).toBe(1);
    run('select 1 as n', []);
    expect(kept()).toBe(1);
  });

  it('give the same answer each time', () => {
    const { run } = statements();
    const answer = { kind: 'rows', names: ['n', 'm'], columns: [[1], ['x']] };
    for (let turn = 0; turn < 3; turn++) expect(run('select ? as n, ? as m', [1, 'x'])).toEqual(answer);
  });
});
