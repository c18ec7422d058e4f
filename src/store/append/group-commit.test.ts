import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { seeded } from '../../../test/kit/seeded.ts';
import { AppError } from '../../domain/errors.ts';
import { silentLog } from '../../telemetry/log.ts';
import { createGroupCommit, type GroupCommitSettings } from './group-commit.ts';

type Item = { key: bigint; name: string };
type Commit = { names: string[]; succeed(): void; fail(error: Error): void };

const BUSY = new Error('another transaction is in the way');
const AWAY = new AppError('db_unavailable', 'the database is away');

function item(name: string): Item {
  return { key: BigInt(name.charCodeAt(0)), name };
}

/** Everything that can go on without a commit, a clock or a new item has gone on. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** Commits end when the test says so. */
function benchOf(change: Partial<GroupCommitSettings> = {}) {
  const commits: Commit[] = [];
  const waits: number[] = [];
  const answers: string[] = [];
  const retried: string[] = [];
  const clock = createFakeClock();
  const group = createGroupCommit<Item, string>({
    settings: { lanes: 1, batch: 256, capacity: 1_000, capacityBytes: 1_000, ...change },
    keyOf: ({ key }) => key,
    bytesOf: ({ name }) => name.length,
    isOfOneItem: (error) => error === BUSY,
    commit(items) {
      const names = items.map(({ name }) => name);
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      commits.push({ names, succeed: () => resolve(names.map((name) => `${name}!`)), fail: reject });
      return promise;
    },
    onRetry: (items) => void retried.push(items.map(({ name }) => name).join()),
    clock: {
      ...clock,
      after(delayMs, run) {
        waits.push(delayMs);
        return clock.after(delayMs, run);
      },
    },
    random: { bytes: () => Uint8Array.of(128) },
    log: silentLog,
  });
  async function submit(...names: string[]): Promise<void> {
    for (const name of names) {
      group.submit(item(name)).then(
        (answer) => answers.push(answer),
        (error: Error) => answers.push(`${name}: ${error instanceof AppError ? error.code : error.message}`),
      );
    }
    await settled();
  }
  async function succeed(nth: number): Promise<void> {
    commits[nth]?.succeed();
    await settled();
  }
  async function fail(nth: number, error: Error): Promise<void> {
    commits[nth]?.fail(error);
    await settled();
  }
  return {
    group,
    clock,
    commits,
    names: () => commits.map(({ names }) => names),
    waits,
    answers,
    retried,
    submit,
    succeed,
    fail,
  };
}

describe('groups', () => {
  it('form from what is asked for in one turn, and while a commit is under way', async () => {
    const { submit, succeed, names } = benchOf();
    await submit('a1', 'b1');
    await submit('c1');
    await submit('d1');
    expect(names()).toEqual([['a1', 'b1']]);
    await succeed(0);
    expect(names()).toEqual([
      ['a1', 'b1'],
      ['c1', 'd1'],
    ]);
  });

  it('hold no more than fits, and one of each key, in order', async () => {
    const { submit, succeed, names } = benchOf({ batch: 2 });
    await submit('a1', 'a2', 'b1', 'c1', 'a3');
    await succeed(0);
    await succeed(1);
    await succeed(2);
    expect(names()).toEqual([['a1', 'b1'], ['c1', 'a2'], ['a3']]);
  });

  it('are answered after their own commit, each with its own answer', async () => {
    const { submit, succeed, answers, group } = benchOf({ lanes: 2, batch: 1 });
    await submit('a1', 'b1', 'c1');
    expect(answers).toEqual([]);
    await succeed(1);
    expect(answers).toEqual(['b1!']);
    await succeed(0);
    await succeed(2);
    expect(answers).toEqual(['b1!', 'a1!', 'c1!']);
    expect(group.waiting()).toBe(0);
    expect(group.stats()).toMatchObject({ commits: 3, items: 3 });
  });

  it('of several lanes never hold one key twice at the same time', async () => {
    const { submit, succeed, names } = benchOf({ lanes: 4, batch: 1 });
    await submit('a1', 'a2', 'b1');
    expect(names()).toEqual([['a1'], ['b1']]);
    await succeed(0);
    expect(names()).toEqual([['a1'], ['b1'], ['a2']]);
  });
});

describe('what the database will not take', () => {
  it('fails alone; the rest of its group is committed and what stands behind it goes on', async () => {
    const { submit, commits, names, answers, group } = benchOf();
    await submit('a1', 'b1', 'c1', 'd1', 'c2');
    for (let nth = 0; nth < commits.length; nth += 1) {
      if (commits[nth]?.names.includes('c1')) commits[nth]?.fail(new RangeError('no'));
      else commits[nth]?.succeed();
      await settled();
    }
    expect(names()).toEqual([['a1', 'b1', 'c1', 'd1'], ['a1', 'b1'], ['c1', 'd1'], ['c1'], ['d1'], ['c2']]);
    expect(answers).toEqual(['a1!', 'b1!', 'c1: no', 'd1!', 'c2!']);
    expect(group.stats().poisoned).toBe(1);
  });
});

describe('what is tried again', () => {
  it('is told once for each time, and not when it is given up', async () => {
    const { group, clock, submit, fail, succeed, retried } = benchOf({ lanes: 2 });
    await submit('a1', 'b1');
    await fail(0, AWAY);
    expect(retried).toEqual(['a1,b1']);
    clock.advance(10_000);
    await settled();
    await fail(1, BUSY);
    await succeed(2);
    await fail(3, BUSY);
    expect(retried).toEqual(['a1,b1', 'b1']);
    const closed = group.close();
    await settled();
    await fail(4, AWAY);
    await closed;
    expect(retried).toEqual(['a1,b1', 'b1']);
  });
});

describe('while the database is away', () => {
  it('the same is tried again after waits that grow up to a bound, and everything goes on after', async () => {
    const { submit, fail, succeed, clock, waits, names, answers, group } = benchOf();
    await submit('a1');
    await submit('a2', 'b1');
    for (let nth = 0; nth < 10; nth += 1) {
      await fail(nth, AWAY);
      clock.advance((waits[nth] ?? 0) - 1);
      await settled();
      expect(names()).toHaveLength(nth + 1);
      clock.advance(1);
      await settled();
      expect(names()).toHaveLength(nth + 2);
    }
    for (const [nth, wait] of waits.entries()) expect(wait).toBeGreaterThanOrEqual(waits[nth - 1] ?? 1);
    expect(waits[0]).toBeLessThanOrEqual(100);
    expect(waits.at(-1)).toBeGreaterThan(2_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_000);
    expect(answers).toEqual([]);
    await succeed(10);
    await succeed(11);
    expect(names().slice(9)).toEqual([['a1'], ['a1'], ['b1', 'a2']]);
    expect(answers).toEqual(['a1!', 'b1!', 'a2!']);
    expect(group.stats()).toMatchObject({ outages: 10, poisoned: 0 });
  });

  it('so many may wait, and the next one is refused at once', async () => {
    const { submit, answers, succeed, group } = benchOf({ capacity: 3 });
    await submit('a1', 'a2', 'b1', 'c1');
    expect(answers).toEqual(['c1: store_overloaded']);
    expect(group.stats().refused).toBe(1);
    await succeed(0);
    await submit('d1');
    expect(answers).toEqual(['c1: store_overloaded', 'a1!', 'b1!']);
  });
});

describe('closing', () => {
  it('waits for what is under way and for what waits behind it, and takes nothing more', async () => {
    const { submit, succeed, answers, group } = benchOf();
    await submit('a1', 'a2');
    let isClosed = false;
    const closing = group.close().then(() => (isClosed = true));
    await submit('b1');
    expect(answers).toEqual(['b1: db_unavailable']);
    await succeed(0);
    expect(isClosed).toBe(false);
    await succeed(1);
    await closing;
    expect(answers).toEqual(['b1: db_unavailable', 'a1!', 'a2!']);
  });

  it('ends at once when there is nothing to wait for', async () => {
    const { group } = benchOf();
    await group.close();
    await group.close();
  });

  it('tries a database that is away once more and then rejects everything, however much waits', async () => {
    const { submit, fail, commits, answers, group } = benchOf({ batch: 2 });
    const names = Array.from({ length: 20 }, (_, index) => `${String.fromCharCode(97 + (index % 10))}${index}`);
    await submit(...names);
    await fail(0, AWAY);
    const closing = group.close();
    await settled();
    expect(commits).toHaveLength(2);
    await fail(1, AWAY);
    await closing;
    expect(commits).toHaveLength(2);
    expect(answers.toSorted()).toEqual(names.map((name) => `${name}: db_unavailable`).toSorted());
    expect(group.waiting()).toBe(0);
  });
});

/** A database that is away now and then, before a commit or after it, and knows an operation when it comes again. */
function createMoodyDatabase(random: () => number) {
  const stored: string[] = [];
  const inFlight = new Set<bigint>();
  async function commit(items: readonly Item[]): Promise<string[]> {
    for (const { key } of items) {
      if (inFlight.has(key)) throw new Error(`key ${key} twice at the same time`);
      inFlight.add(key);
    }
    try {
      for (let turns = Math.floor(random() * 3); turns > 0; turns -= 1) await settled();
      if (random() < 0.15) throw AWAY;
      if (items.some(({ name }) => name.endsWith('poison'))) throw new RangeError('no');
      for (const { name } of items) if (!stored.includes(name)) stored.push(name);
      if (random() < 0.15) throw AWAY;
      return items.map(({ name }) => name);
    } finally {
      for (const { key } of items) inFlight.delete(key);
    }
  }
  return { stored, commit };
}

describe('one that another transaction is in the way of', () => {
  it('comes again later, and the others do not wait for it', async () => {
    const { submit, fail, succeed, commits, answers, clock } = benchOf();
    await submit('a1', 'b1', 'c1');
    await fail(0, BUSY);
    expect(commits.at(-1)?.names).toEqual(['a1']);
    await fail(1, BUSY);
    await succeed(2);
    await succeed(3);
    expect(answers).toEqual(['b1!', 'c1!']);
    await submit('d1');
    await succeed(4);
    expect(answers).toEqual(['b1!', 'c1!', 'd1!']);
    clock.advance(1_000);
    await settled();
    expect(commits.at(-1)?.names).toEqual(['a1']);
    await succeed(5);
    expect(answers.at(-1)).toBe('a1!');
  });

  it('is rejected when somebody settles meanwhile', async () => {
    const { group, submit, fail, answers } = benchOf();
    await submit('a1');
    await fail(0, BUSY);
    const settling = group.settle();
    await settled();
    await fail(1, BUSY);
    await settling;
    expect(answers).toEqual([`a1: ${BUSY.message}`]);
  });
});

describe('settling', () => {
  it('rejects what a database that is away does not take now, and takes what comes after', async () => {
    const { group, submit, fail, succeed, answers } = benchOf();
    await submit('a1', 'b1');
    await fail(0, AWAY);
    const settling = group.settle();
    await settled();
    await fail(1, AWAY);
    await settling;
    expect(answers).toEqual(['a1: db_unavailable', 'b1: db_unavailable']);
    await submit('c1');
    await succeed(2);
    expect(answers.at(-1)).toBe('c1!');
  });

  it('is over at once where nothing waits', async () => {
    const { group } = benchOf();
    await group.settle();
    await group.settle();
  });
});

it('refuses what would hold more memory than it may', async () => {
  const { submit, answers, succeed } = benchOf({ capacityBytes: 5 });
  await submit('a1', 'b1', 'c1');
  expect(answers).toEqual(['c1: store_overloaded']);
  await succeed(0);
  await submit('d1');
  await succeed(1);
  expect(answers).toEqual(['c1: store_overloaded', 'a1!', 'b1!', 'd1!']);
});

it('commits everything once and in the order of its key, and rejects what is poison, whatever fails', async () => {
  const settings = fc.record({ lanes: fc.integer({ min: 1, max: 4 }), batch: fc.integer({ min: 1, max: 9 }) });
  const drawn = fc.array(fc.record({ key: fc.nat(4), isPoison: fc.nat(7).map((n) => n === 0) }), { maxLength: 40 });
  const property = fc.asyncProperty(settings, drawn, fc.nat(), async (sizes, draws, seed) => {
    const random = seeded(seed);
    const clock = createFakeClock();
    const { stored, commit } = createMoodyDatabase(random);
    const group = createGroupCommit<Item, string>({
      settings: { ...sizes, capacity: 1_000, capacityBytes: 100_000 },
      keyOf: ({ key }) => key,
      bytesOf: ({ name }) => name.length,
      isOfOneItem: (error) => error === BUSY,
      commit,
      clock,
      random: { bytes: () => Uint8Array.of(0) },
      log: silentLog,
    });
    const items = draws.map(({ key, isPoison }, index) => ({
      key: BigInt(key),
      name: `${key}-${index}${isPoison ? '-poison' : ''}`,
    }));
    const answers: Promise<string>[] = [];
    for (const one of items) {
      const onAnswer = (name: string) => (stored.includes(name) ? name : 'answered before its commit');
      answers.push(group.submit(one).then(onAnswer, (error: Error) => error.message));
      if (random() < 0.3) await settled();
    }
    while (group.waiting() > 0) {
      clock.advance(10_000);
      await settled();
    }
    expect(await Promise.all(answers)).toEqual(items.map(({ name }) => (name.endsWith('poison') ? 'no' : name)));
    for (let key = 0n; key <= 4n; key += 1n) {
      const wanted = items.filter((one) => one.key === key && !one.name.endsWith('poison')).map(({ name }) => name);
      expect(stored.filter((name) => name.startsWith(`${key}-`))).toEqual(wanted);
    }
    await group.close();
  });
  await fc.assert(property, { numRuns: 150 });
});
