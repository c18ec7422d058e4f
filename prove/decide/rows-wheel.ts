/** Two million targets in the engine, on made-up results: room, time to fill, and how late a look is handed over. */
import { join } from 'node:path';
import { PRODUCT_FLAGS } from '../prober/product.ts';
import { runProgram } from '../prober/program.ts';
import { grouped } from '../prober/row.ts';
import type { Folder, Row } from '../rows.ts';
import { seconds } from '../statistics.ts';
import { INTERVAL_MS, madeUpUrl } from './made-up-prober.ts';
import { seedSites } from './seed.ts';
import type { WheelWorldOptions, WheelWorldReport } from './wheel-world.ts';

const TARGETS = 2_000_000;
const FAILING_ONE_IN = 1_000;
const LATENCY_MS = 100;
/** A look of every target comes again within one interval. */
const MEASURED_MS = { prove: 60_000, long: 660_000 };
const FIRST_ROUND_LIMIT_MS = 400_000;
const LIFE_LIMIT_MS = 3_600_000;
const GOAL = { latenessMs: 50, bytes: 400, fillMs: 10_000 };

export const WHEEL_ROWS: readonly Row<Folder>[] = [
  {
    what: `${grouped(TARGETS)} targets at ${INTERVAL_MS / 1000} s, made-up results through gate, decide and store`,
    goal: `all in their round, dispatch lateness p99 ≤ ${GOAL.latenessMs} ms, ≤ ${GOAL.bytes} bytes a target, filled from an embedded file in ≤ ${GOAL.fillMs / 1000} s`,
    measure,
  },
];

async function measure({ folder, long, progress, signal }: Folder) {
  const file = join(folder, 'wheel.db');
  progress(`a registry of ${grouped(TARGETS)} sites`);
  await seedSites(`sqlite:${file}`, urls(), INTERVAL_MS / 60_000);
  const measuredMs = long ? MEASURED_MS.long : MEASURED_MS.prove;
  const input: WheelWorldOptions = {
    file,
    targets: TARGETS,
    failingOneIn: FAILING_ONE_IN,
    latencyMs: LATENCY_MS,
    measuredMs,
    firstRoundLimitMs: FIRST_ROUND_LIMIT_MS,
  };
  progress('filling the fleet, a first round, and then the round itself');
  const report = await runProgram<WheelWorldReport>({
    file: '../decide/wheel-world.ts',
    input,
    core: 'any',
    nodeOptions: [...PRODUCT_FLAGS, '--expose-gc'],
    limitMs: LIFE_LIMIT_MS,
    signal,
  });
  return shown(report, measuredMs);
}

function* urls(): Iterable<string> {
  for (let n = 1; n <= TARGETS; n += 1) yield madeUpUrl(n);
}

function shown(
  { fillMs, bytesFilled, bytesRunning, latenessMs, looks, due, overdue, opened }: WheelWorldReport,
  measuredMs: number,
) {
  const p99 = latenessMs.p99 ?? Number.NaN;
  return {
    measured: `${overdue} of ${grouped(TARGETS)} overdue, lateness p99 ${p99.toFixed(1)} ms, ${bytesRunning.toFixed(0)} bytes a target, filled in ${seconds(fillMs)}`,
    held:
      overdue === 0 && looks >= due && p99 <= GOAL.latenessMs && bytesRunning <= GOAL.bytes && fillMs <= GOAL.fillMs,
    detail: `${grouped(looks)} looks in ${measuredMs / 1000} s (${grouped(due)} fall due in that time), lateness p50 ${(latenessMs.p50 ?? Number.NaN).toFixed(1)} ms, max ${(latenessMs.max ?? Number.NaN).toFixed(0)} ms; ${bytesFilled.toFixed(0)} bytes before the first look; one target in ${grouped(FAILING_ONE_IN)} fails (${grouped(opened)} opened); resident memory after the garbage was collected, over URLs of 40 bytes`,
  };
}
