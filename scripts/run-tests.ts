/** Runs every suite and ends with one line that counts: `N passed, N failed`, and `, N skipped` when any were. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchLifeline } from '../src/app/lifeline.ts';
import { REPORT_FILE_VARIABLE, type Report } from '../test/report.ts';
import { type Ended, passSignals, startGroup } from './child.ts';

const LIMIT_MS = 30 * 60_000;
const ROOT = join(import.meta.dirname, '..');
const NOTHING: Report = { passed: 0, failed: 0, skipped: 0, skippedSuites: [], running: [], complete: false };

const folder = mkdtempSync(join(tmpdir(), 'jetmon2-test-'));
try {
  const file = join(folder, 'report.json');
  const ended = await runVitest(file, process.argv.slice(2));
  process.exitCode = close(readReport(file), ended);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function runVitest(reportFile: string, args: readonly string[]): Promise<Ended> {
  const vitest = startGroup(
    process.execPath,
    [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      `--reporter=${join(ROOT, 'test', 'report.ts')}`,
      ...args,
    ],
    {
      cwd: ROOT,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, [REPORT_FILE_VARIABLE]: reportFile },
    },
    LIMIT_MS,
  );
  passSignals([vitest]);
  watchLifeline(process.env, () => vitest.signal('SIGKILL'));
  return await vitest.ended;
}

function readReport(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    // No file: vitest never got as far as the first test file.
    return NOTHING;
  }
}

/** Says what is worth knowing beyond vitest's own output, then the closing line; returns the exit code. */
function close(report: Report, ended: Ended): number {
  const say: string[] = report.skippedSuites.map((suite) => `skipped: ${suite}`);
  let { failed } = report;
  if (!report.complete) {
    failed += 1;
    const at = report.running.length === 0 ? '' : ` while running ${report.running.join(', ')}`;
    say.push(`The run did not come to its end${at}: ${howItEnded(ended)}.`);
  } else if (report.passed + failed === 0) {
    say.push('No test ran.');
  } else if (failed === 0 && ended.code !== 0) {
    failed += 1;
    say.push(`Every test passed and yet the run failed: ${howItEnded(ended)}.`);
  }
  const skipped = report.skipped === 0 ? '' : `, ${report.skipped} skipped`;
  say.push(`${report.passed} passed, ${failed} failed${skipped}`);
  process.stdout.write(`${say.join('\n')}\n`);
  return failed > 0 || report.passed === 0 ? 1 : 0;
}

function howItEnded(ended: Ended): string {
  if (ended.timedOut) return `killed after ${LIMIT_MS / 60_000} minutes`;
  return ended.signal === null ? `exit code ${ended.code}` : `killed by ${ended.signal}`;
}
