/** The quick gate: types, lint and format, structure and fast tests. Needs no services; meant for every change. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { parseArgs, styleText } from 'node:util';
import { watchLifeline } from '../src/app/lifeline.ts';
import { type Group, passSignals, startGroup } from './child.ts';

type Step = { name: string; args: readonly string[]; env?: Record<string, string>; needs?: string };
type Result = { name: string; ok: boolean; ms: number; output: string };

const ROOT = join(import.meta.dirname, '..');
const STEP_LIMIT_MS = 5 * 60_000;
const CACHE = 'node_modules/.cache/verify';
// One checker: more finish sooner on idle cores, but each works out anew what it needs of the others' types.
const TSC = ['node_modules/typescript/bin/tsc', '--checkers', '1', '--incremental', '--tsBuildInfoFile'];

/** The longest first, so that the others run beside it. */
const STEPS: readonly Step[] = [
  {
    name: 'fast tests',
    args: ['node_modules/vitest/vitest.mjs', 'run', '--project', 'fast'],
    // Properties are tried less often than in `npm test`.
    env: { JETMON_TEST_QUICK: '1' },
  },
  { name: 'types', args: [...TSC, `${CACHE}/root.tsbuildinfo`, '--project', '.'] },
  {
    name: 'types of the page',
    args: [...TSC, `${CACHE}/page.tsbuildinfo`, '--project', 'web'],
    needs: 'web/tsconfig.json',
  },
  { name: 'lint and format', args: ['node_modules/@biomejs/biome/bin/biome', 'check', '.'] },
];

const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
const running: Group[] = [];
passSignals(running);
watchLifeline(process.env, () => {
  for (const group of running) group.signal('SIGKILL');
});
const startMs = performance.now();
const results = await runAll(STEPS.filter((step) => step.needs === undefined || existsSync(join(ROOT, step.needs))));
const ok = results.every((result) => result.ok);
if (values.json) {
  process.stdout.write(`${JSON.stringify({ ok, ms: Math.round(performance.now() - startMs), steps: results })}\n`);
} else {
  const verdict = ok ? styleText('green', 'verified') : styleText('red', 'not verified');
  process.stdout.write(`${verdict} in ${seconds(performance.now() - startMs)}\n`);
}
process.exitCode = ok ? 0 : 1;

async function runAll(steps: readonly Step[]): Promise<Result[]> {
  const queue = [...steps];
  const done: Result[] = [];
  const lane = async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      const result = await runStep(step);
      done.push(result);
      if (!values.json) tell(result);
    }
  };
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, lane));
  return done;
}

async function runStep(step: Step): Promise<Result> {
  const startMs = performance.now();
  const group = startGroup(
    process.execPath,
    step.args,
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...step.env } },
    STEP_LIMIT_MS,
  );
  running.push(group);
  const chunks: Buffer[] = [];
  group.child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  group.child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = await group.ended;
  const ok = ended.code === 0;
  const output = ok ? '' : Buffer.concat(chunks).toString();
  return {
    name: step.name,
    ok,
    ms: Math.round(performance.now() - startMs),
    output: ended.timedOut ? `${output}\nkilled after ${seconds(STEP_LIMIT_MS)}\n` : output,
  };
}

function tell(result: Result): void {
  const mark = result.ok ? styleText('green', 'ok    ') : styleText('red', 'FAILED');
  process.stdout.write(`${mark} ${result.name.padEnd(18)} ${seconds(result.ms).padStart(7)}\n${result.output}`);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
