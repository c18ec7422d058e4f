/** Processes and servers that are killed while they write, and what is left of what they had acknowledged. */
import { type CrashReport, crashLoop } from '../../test/crash/crash-loop.ts';
import { serverLoop } from '../../test/crash/server-loop.ts';
import { ENGINE_NAMES, ENGINES, type EngineName, type Row } from './row.ts';

/** More, where every moment around a statement or commit takes more. */
const KILLS = { prove: 100, long: 3_500 };
const SERVER_KILLS = { prove: 100, long: 3_000 };
const BURSTS = { prove: 2, long: 4 };
const AT_RANDOM = 0.25;

export const KILL_ROWS: readonly Row[] = [...ENGINE_NAMES.map(killRow), serverRow()];

function killRow(engine: EngineName): Row {
  return {
    what: `kill -9 of a writing process around every statement and commit, and at random, ${engine}`,
    goal: '0 lost, 0 doubled, 0 invariants broken',
    async measure(place) {
      const { signal, progress, long } = place;
      const report = await crashLoop({
        url: await ENGINES[engine](place),
        seed: seed(),
        kills: long ? KILLS.long : KILLS.prove,
        coversAll: true,
        bursts: long ? BURSTS.long : BURSTS.prove,
        atRandom: AT_RANDOM,
        progress,
        signal,
      });
      const { moments, covered, inDoubt, acknowledged } = report;
      const { measured, held } = verdictOf(report);
      return {
        measured,
        held: held && covered === moments,
        detail: `killed at ${covered} of the ${moments} moments of a run, a quarter of the kills at random; ${acknowledged} operations acknowledged, ${inDoubt} in doubt at a kill and sent again; replay and invariants asked at the end`,
      };
    },
  };
}

function serverRow(): Row {
  return {
    what: 'kill -9 of the database server under a writing process, MariaDB',
    goal: '0 lost, 0 doubled, 0 invariants broken',
    async measure(place) {
      const server = await place.serverToKill();
      const { signal, progress, long } = place;
      const kills = long ? SERVER_KILLS.long : SERVER_KILLS.prove;
      const url = await server.newDatabase();
      const { killAndRestart } = server;
      const report = await serverLoop({ url, seed: seed(), kills, killAndRestart, progress, signal });
      return {
        ...verdictOf(report),
        detail: `${report.acknowledged} operations acknowledged by one process that went on`,
      };
    },
  };
}

function seed(): number {
  return Math.floor(Math.random() * 2 ** 31);
}

function verdictOf(report: Pick<CrashReport, 'kills' | 'lost' | 'doubled' | 'broken'>) {
  const { kills, lost, doubled, broken } = report;
  const examples = [...lost, ...doubled, ...broken].slice(0, 3).join('; ');
  return {
    measured: `${kills} kills: ${lost.length} lost, ${doubled.length} doubled, ${broken.length} broken${examples === '' ? '' : ` (${examples})`}`,
    held: kills > 0 && lost.length + doubled.length + broken.length === 0,
  };
}
