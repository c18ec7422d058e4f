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
    compiled ??= build(<T>(name: Name) => new Hole(name) as T).compile();
    const parameters = compiled.parameters.map((value) => (value instanceof Hole ? values[value.name as Name] : value));
    return (await db.executeQuery<Row>({ ...compiled, parameters })).rows;
  };
}

/** The same where whoever asks hands over the database: put into words once for each. */
export function preparedFor<Row, Name extends string>(
  build: (db: Executor, hole: HoleFor<Name>) => Compilable<Row>,
): (db: Executor, values: Readonly<Record<Name, unknown>>) => Promise<Row[]> {
  const known = new WeakMap<Executor, ReturnType<typeof prepared<Row, Name>>>();
  return (db, values) => {
    const run = known.get(db) ?? prepared<Row, Name>(db, (hole) => build(db, hole));
    known.set(db, run);
    return run(values);
  };
}
