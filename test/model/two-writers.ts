/** Two writers of one database whose statements mix in an order drawn from a seed. */
import { onTestFinished } from 'vitest';
import { createChanges } from '../../src/store/changes.ts';
import { type Database, openDatabase } from '../../src/store/database.ts';
import { createEndpoints, type Endpoints } from '../../src/store/endpoints.ts';
import { createEvents, type EventStore } from '../../src/store/events.ts';
import type { Tx } from '../../src/store/schema.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import type { Draw } from './draw-step.ts';

export type Writer = { db: Database; events: EventStore; endpoints: Endpoints };

/** A server gives each transaction a connection of its own; a file is opened twice. */
export async function twoWriters(db: Database, random: Draw): Promise<[Writer, Writer]> {
  const other = db.path === null ? db : await openDatabase({ url: db.path });
  onTestFinished(() => other.close());
  const line = db.path === null ? null : createLine();
  return [writerOn(hesitant(db, random, line)), writerOn(hesitant(other, random, line))];
}

function writerOn(db: Database): Writer {
  const events = createEvents({ db, changes: createChanges({ log: silentLog }) });
  return { db, events, endpoints: createEndpoints(db) };
}

type Line = <T>(run: () => Promise<T>) => Promise<T>;

/** What SQLite's lock does anyway, done before it: two handles in one thread would wait for each other in it. */
function createLine(): Line {
  let last: Promise<unknown> = Promise.resolve();
  return (run) => {
    const mine = last.then(run, run);
    last = mine.catch(() => {});
    return mine;
  };
}

/** The same database, with waits before its transactions and after their statements, so that another gets between. */
function hesitant(db: Database, random: Draw, line: Line | null): Database {
  async function transaction<T>(run: (tx: Tx) => Promise<T>): Promise<T> {
    await hesitate(random);
    const whole = () =>
      db.transaction((tx) =>
        run(
          tx.withPlugin({
            transformQuery: ({ node }) => node,
            async transformResult({ result }) {
              await hesitate(random);
              return result;
            },
          }) as Tx,
        ),
      );
    return line === null ? whole() : line(whole);
  }
  return { ...db, transaction };
}

/** Never for the other one, so that nobody can wait for ever. */
async function hesitate(random: Draw): Promise<void> {
  const chance = random();
  if (chance < 0.3) await new Promise((resolve) => setImmediate(resolve));
  else if (chance < 0.5) await new Promise((resolve) => setTimeout(resolve, random() * 3));
}
