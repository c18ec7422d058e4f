/** A query that is asked for every request: put into words once, so that each time costs only what is asked. */
import type { Compilable, CompiledQuery } from 'kysely';
import type { Executor } from './schema.ts';

/** Where a value goes that is different each time. */
class Hole {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Stands for the value of that name, whatever type it has. */
type HoleFor<Name extends string> = <T>(name: Name) => T;

/** `build` is called once, with holes in place of values, which it must not look at. */
export function prepared<Row, Name extends string>(
  db: Executor,
  build: (hole: HoleFor<Name>) => Compilable<Row>,
): (values: Readonly<Record<Name, unknown>>) => Promise<Row[]> {
  let compiled: CompiledQuery<Row> | null = null;
  return async (values) => {
    compiled ??= build(holeFor).compile();
    return (await db.executeQuery<Row>(filled(compiled, values))).rows;
  };
}

/** The same where whoever asks hands over the database: put into words once for each. */
export function preparedFor<Row, Name extends string>(
  build: (db: Executor, hole: HoleFor<Name>) => Compilable<Row>,
): (db: Executor, values: Readonly<Record<Name, unknown>>) => Promise<Row[]> {
  const words = preparedWords(build);
  return async (db, values) => (await db.executeQuery<Row>(words(db, values))).rows;
}

/** The words alone, for whoever reads what they find in another way or within a transaction. */
export function preparedWords<Row, Name extends string>(
  build: (db: Executor, hole: HoleFor<Name>) => Compilable<Row>,
): (db: Executor, values: Readonly<Record<Name, unknown>>) => CompiledQuery<Row> {
  const known = new WeakMap<Executor, CompiledQuery<Row>>();
  return (db, values) => {
    const compiled = known.get(db) ?? build(db, holeFor).compile();
    known.set(db, compiled);
    return filled(compiled, values);
  };
}

function holeFor<T>(name: string): T {
  return new Hole(name) as T;
}

function filled<Row>(compiled: CompiledQuery<Row>, values: Readonly<Record<string, unknown>>): CompiledQuery<Row> {
  const parameters = compiled.parameters.map((value) => (value instanceof Hole ? values[value.name] : value));
  return { ...compiled, parameters };
}
