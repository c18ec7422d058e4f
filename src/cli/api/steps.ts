/** Steps one after the other, each with its time. After one that failed only those go on that clean up. */
import { ApiError } from '../../client/api-error.ts';
import { AppError } from '../../domain/errors.ts';
import type { Clock } from '../../lib/clock.ts';
import { escapeControl } from '../../lib/escape.ts';

export type Step = {
  name: string;
  /** Done also after a failure and after Ctrl-C. */
  isCleanup?: true;
  /** What was found, in a few words. Throws what a person is to know. */
  run(): Promise<string>;
};

export type StepResult = {
  name: string;
  status: 'ok' | 'failed' | 'skipped';
  took_ms: number;
  detail?: string;
  error?: { code: string; message: string; fix?: string };
};

export type WalkOptions = {
  clock: Pick<Clock, 'monotonicMs'>;
  signal: AbortSignal;
  onResult(result: StepResult): void;
};

/** Throws what is no AppError or ApiError, after cleaning up. */
export async function walk(steps: readonly Step[], { clock, signal, onResult }: WalkOptions): Promise<StepResult[]> {
  const results: StepResult[] = [];
  let isOver = false;
  let fault: unknown = null;
  for (const { name, run, isCleanup } of steps) {
    const startedAtMs = clock.monotonicMs();
    const took = () => ({ took_ms: Math.round(clock.monotonicMs() - startedAtMs) });
    let result: StepResult;
    if ((isOver || signal.aborted) && isCleanup !== true) {
      result = { name, status: 'skipped', ...took() };
    } else {
      try {
        result = { name, status: 'ok', detail: await run(), ...took() };
      } catch (error) {
        if (!isKnown(error) && !signal.aborted) fault = error;
        result = { name, status: 'failed', ...took(), error: errorOf(error, signal) };
        isOver = true;
      }
    }
    results.push(result);
    onResult(result);
  }
  if (fault !== null) throw fault;
  return results;
}

function isKnown(error: unknown): error is AppError | ApiError {
  return error instanceof AppError || error instanceof ApiError;
}

function errorOf(error: unknown, signal: AbortSignal): NonNullable<StepResult['error']> {
  if (isKnown(error)) {
    const { code, message, fix } = error;
    return { code, message, ...(fix === null ? {} : { fix }) };
  }
  if (signal.aborted) return { code: 'interrupted', message: 'it was interrupted' };
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

const MARKS = { ok: '✔', failed: '✘', skipped: '-' } as const;

export function stepWords({ name, status, took_ms, detail, error }: StepResult): string {
  const what = status === 'skipped' ? 'skipped' : (detail ?? errorWords(error));
  const took = status === 'skipped' ? '' : `${took_ms} ms`;
  return `${MARKS[status]} ${name.padEnd(12)} ${took.padStart(8)}  ${escapeControl(what)}`.trimEnd();
}

function errorWords(error: StepResult['error']): string {
  if (error === undefined) return '';
  return `${error.message}${error.fix === undefined ? '' : `. Fix: ${error.fix}`}`;
}
