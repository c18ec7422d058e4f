/**
 * Counts tests for the closing line of `npm test` and keeps the count in a file as the run goes on, so that a run that
 * dies half-way still tells what it had done and what it was at.
 */
import { renameSync, writeFileSync } from 'node:fs';
import type { Reporter, TestModule, TestSuite } from 'vitest/node';

export type Report = {
  passed: number;
  /** Failed tests, plus files that did not load, suites whose set-up failed and errors outside any test. */
  failed: number;
  skipped: number;
  /** `file > suite (N tests)` of each suite that was skipped as a whole. */
  skippedSuites: string[];
  /** Files that had begun and not ended. */
  running: string[];
  /** True when the run came to its own end. */
  complete: boolean;
};

export const REPORT_FILE_VARIABLE = 'JETMON_TEST_REPORT';

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export.
export default class CountingReporter implements Reporter {
  readonly #modules = new Map<string, TestModule>();
  readonly #running = new Set<string>();

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module.relativeModuleId);
    this.#write(0, false);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#modules.set(module.id, module);
    this.#running.delete(module.relativeModuleId);
    this.#write(0, false);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: string): void {
    for (const module of modules) this.#modules.set(module.id, module);
    this.#write(errors.length, reason !== 'interrupted');
  }

  #write(strayErrors: number, complete: boolean): void {
    const file = process.env[REPORT_FILE_VARIABLE];
    if (file === undefined) return;
    const report: Report = { ...count([...this.#modules.values()]), running: [...this.#running], complete };
    report.failed += strayErrors;
    writeFileSync(`${file}.new`, JSON.stringify(report));
    renameSync(`${file}.new`, file);
  }
}

function count(modules: readonly TestModule[]): Omit<Report, 'running' | 'complete'> {
  const total = { passed: 0, failed: 0, skipped: 0, skippedSuites: [] as string[] };
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') total.passed += 1;
      else if (state === 'failed') total.failed += 1;
      else total.skipped += 1;
    }
    total.failed += module.errors().length;
    for (const suite of module.children.allSuites()) {
      total.failed += suite.errors().length;
      if (isSkippedWhole(suite)) total.skippedSuites.push(named(suite));
    }
  }
  return total;
}

function named(suite: TestSuite): string {
  const tests = [...suite.children.allTests()].length;
  return `${suite.module.relativeModuleId} > ${suite.fullName} (${tests} ${tests === 1 ? 'test' : 'tests'})`;
}

function isSkippedWhole(suite: TestSuite): boolean {
  return suite.options.mode === 'skip' && (suite.parent.type === 'module' || suite.parent.options.mode !== 'skip');
}
