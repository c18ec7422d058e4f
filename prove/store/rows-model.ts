/** The event log against a plain model of its specification: at random, in every short sequence, and on real databases. */
import { createChanges } from '../../src/store/changes.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEvents } from '../../src/store/events.ts';
import { silentLog } from '../../src/telemetry/log.ts';
import { databaseRuns } from '../../test/model/database-runs.ts';
import { playEverySequence, sequencesUpTo } from '../../test/model/exhaustive.ts';
import { modelSteps } from '../../test/model/random-steps.ts';
import { seconds } from '../statistics.ts';
import { ENGINE_NAMES, ENGINES, type EngineName, type Row } from './row.ts';

const STEPS = { prove: 2_000_000, long: 100_000_000 };
const LENGTH = { prove: 5, long: 6 };
const RUNS = { prove: 1_000, long: 10_000 };

const grouped = (value: number) => value.toLocaleString('en');

export const MODEL_ROWS: readonly Row[] = [
  {
    what: 'random steps of the writer in memory against the model',
    goal: '0 differences',
    async measure({ long, signal, progress }) {
      const seed = Math.floor(Math.random() * 2 ** 31);
      const wanted = long ? STEPS.long : STEPS.prove;
      const { steps, worlds, elapsedMs } = await modelSteps({
        seed,
        steps: wanted,
        signal,
        onProgress: (done) => progress(`${grouped(done.steps)} of ${grouped(wanted)} steps`),
      });
      return {
        measured: `${grouped(steps)} steps, 0 differences`,
        held: steps >= wanted,
        detail: `${grouped(worlds)} worlds from seed ${seed}, ${grouped(Math.round((steps / elapsedMs) * 1000))} steps a second`,
      };
    },
  },
  {
    what: 'every sequence of commands on two endpoints of a site, in memory',
    goal: '0 differences',
    async measure({ long, signal, progress }) {
      const length = long ? LENGTH.long : LENGTH.prove;
      const startMs = performance.now();
      const played = await playEverySequence({
        length,
        signal,
        onProgress: (done) => progress(`${grouped(done)} of ${grouped(sequencesUpTo(length))} sequences`),
      });
      return {
        measured: `${grouped(played)} sequences, 0 differences`,
        held: played === sequencesUpTo(length),
        detail: `11 commands, up to ${length} of them, ${seconds(performance.now() - startMs)}`,
      };
    },
  },
  ...ENGINE_NAMES.map(runsRow),
];

function runsRow(engine: EngineName): Row {
  return {
    what: `runs of commands on a real database against the model, ${engine}`,
    goal: '0 differences, 0 invariants broken',
    async measure(place) {
      const db = await openDatabase({ url: await ENGINES[engine](place) });
      const events = createEvents({ db, changes: createChanges({ log: silentLog }) });
      try {
        const seed = Math.floor(Math.random() * 2 ** 31);
        const wanted = place.long ? RUNS.long : RUNS.prove;
        const startMs = performance.now();
        const runs = await databaseRuns(
          { db, events, endpoints: createEndpoints(db) },
          {
            seed,
            runs: wanted,
            signal: place.signal,
            onProgress: (done) => place.progress(`${done} of ${wanted} runs on ${engine}`),
          },
        );
        return {
          measured: `${grouped(runs)} runs, 0 differences`,
          held: runs >= wanted,
          detail: `seed ${seed}, ${seconds(performance.now() - startMs)}`,
        };
      } finally {
        await events.close();
        await db.close();
      }
    },
  };
}
