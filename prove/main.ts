/** `npm run prove -- <topic>`: the command line of the proofs. Exit 0 all held, 1 one was missed, 2 usage. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { watchLifeline } from '../src/app/lifeline.ts';
import { prove } from './runner.ts';
import { TOPICS } from './topics.ts';

const USAGE = `Usage: npm run prove -- <topic> [--only <words>] [--rounds <n>] [--long] [--json] [--write]

Measures what the project claims, in this run, and says of each claim whether it held.

Topics: ${Object.keys(TOPICS).join(', ')}

  --only <words>  only the claims that hold all of these words
  --rounds <n>    how often what is compared is run; 5 unless said otherwise
  --long          full sizes, without a limit of time
  --json          one JSON document instead of a table
  --write         put this run's table into docs/performance.md
`;

const OPTIONS = {
  only: { type: 'string', default: '' },
  rounds: { type: 'string' },
  long: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const args = parse(argv);
  if (typeof args === 'string') return usageError(args);
  if (args.values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [name, ...more] = args.positionals;
  const load = name === undefined || !Object.hasOwn(TOPICS, name) ? undefined : TOPICS[name];
  if (load === undefined) return usageError(name === undefined ? 'no topic given' : `there is no topic '${name}'`);
  if (more.length > 0) return usageError(`one topic at a time, not also '${more.join(' ')}'`);
  const { values } = args;
  const only = values.only
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0)) return usageError('--rounds takes a whole number');
  if (values.write && only.length > 0) return usageError('--write keeps a whole table, so it does not go with --only');
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  watchLifeline(process.env, () => stop.abort());
  const root = join(import.meta.dirname, '..');
  const held = await prove(
    await load(),
    { root, ...values, only, rounds, signal: stop.signal },
    { out: process.stdout, err: process.stderr },
  );
  return held ? 0 : 1;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
}

function usageError(message: string): number {
  process.stderr.write(`prove: ${message}\n\n${USAGE}`);
  return 2;
}
