import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../test/kit/fake-clock.ts';
import { ApiError } from '../../client/api-error.ts';
import { AppError } from '../../domain/errors.ts';
import { type Step, type StepResult, stepWords, walk } from './steps.ts';

function bench() {
  const clock = createFakeClock();
  const abort = new AbortController();
  const ran: string[] = [];
  const step = (name: string, more: Partial<Step> = {}): Step => ({
    name,
    async run() {
      ran.push(name);
      clock.advance(5);
      return `${name} went well`;
    },
    ...more,
  });
  const failing = (name: string, error: unknown): Step => step(name, { run: () => Promise.reject(error) });
  const told: StepResult[] = [];
  const go = (...steps: Step[]) =>
    walk(steps, { clock, signal: abort.signal, onResult: (result) => void told.push(result) });
  return { step, failing, go, ran, told, abort };
}

const REFUSED = new AppError('site_exists', 'it is taken', { fix: 'choose another' });
const LOST = new ApiError(0, { code: 'server_unreachable', message: 'no reply' });

describe('a walk', () => {
  it('takes every step in turn, and tells its time as soon as it is over', async () => {
    const { step, go, told } = bench();
    const results = await go(step('one'), step('two'));
    expect(results).toEqual([
      { name: 'one', status: 'ok', took_ms: 5, detail: 'one went well' },
      { name: 'two', status: 'ok', took_ms: 5, detail: 'two went well' },
    ]);
    expect(told).toEqual(results);
  });

  it('leaves out what follows a failure, but for what cleans up', async () => {
    const { step, failing, go, ran } = bench();
    const results = await go(failing('one', LOST), step('two'), step('last', { isCleanup: true }));
    expect(results.map(({ status }) => status)).toEqual(['failed', 'skipped', 'ok']);
    expect(results[0]?.error).toEqual({ code: 'server_unreachable', message: 'no reply' });
    expect(ran).toEqual(['last']);
  });

  it('is over when it is interrupted, but for what cleans up', async () => {
    const { step, go, abort, ran } = bench();
    const interrupted = step('one', {
      run() {
        abort.abort();
        return Promise.reject(abort.signal.reason);
      },
    });
    const results = await go(interrupted, step('two'), step('last', { isCleanup: true }));
    expect(results.map(({ status, error }) => [status, error?.code])).toEqual([
      ['failed', 'interrupted'],
      ['skipped', undefined],
      ['ok', undefined],
    ]);
    expect(ran).toEqual(['last']);
  });

  it('passes on a fault of the program, after what cleans up', async () => {
    const { step, failing, go, ran } = bench();
    const fault = new TypeError('a fault');
    await expect(go(failing('one', fault), step('last', { isCleanup: true }))).rejects.toBe(fault);
    expect(ran).toEqual(['last']);
  });
});

describe('a step in words', () => {
  it('has its outcome, its time, and what was found or what is to be done', async () => {
    const { step, failing, go } = bench();
    const [ok, failed, skipped] = await go(step('one'), failing('two', REFUSED), step('three'));
    expect([ok, failed, skipped].map((result) => result && stepWords(result))).toEqual([
      '✔ one              5 ms  one went well',
      '✘ two              0 ms  it is taken. Fix: choose another',
      '- three                  skipped',
    ]);
  });
});
