import { expect, it, onTestFinished } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import type { EndpointId } from '../domain/ids.ts';
import type { DriftPage } from '../store/projection-drift.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createProjectionWatch } from './projection-watch.ts';

function watching({ isProjected = true } = {}) {
  const clock = createFakeClock();
  const metrics = createMetrics();
  const said: string[] = [];
  const asked: bigint[] = [];
  /** Taken from the front; none left: the database is away. */
  const pages: DriftPage[] = [];
  const watch = createProjectionWatch({
    isProjected,
    read(after) {
      asked.push(after);
      const page = pages.shift();
      return page === undefined ? Promise.reject(new Error('the database is away')) : Promise.resolve(page);
    },
    ...{ metrics, clock },
    log: {
      warn: (...words: unknown[]) => void said.push(String(words.at(-1))),
      info: (...words: unknown[]) => void said.push(String(words.at(-1))),
    },
  });
  onTestFinished(watch.stop);
  watch.start();
  const after = async (ms: number) => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const value = (name: string) => {
    const found = metrics.read().find((one) => one.name === name)?.series[0];
    return found !== undefined && 'value' in found ? found.value : null;
  };
  return { after, pages, said, asked, value };
}

const page = (drifted: bigint[], next: bigint | null = null): DriftPage => ({
  drifted: drifted as EndpointId[],
  compared: 500,
  next: next as EndpointId | null,
});

it('differences are counted page by page, told as a number once all were compared, and said once', async () => {
  const { after, pages, said, asked, value } = watching();
  pages.push(page([3n], 500n), page([501n, 502n]));
  await after(5_000);
  expect([value('projection_drift'), value('projection_drift_found')]).toEqual([null, 1]);
  await after(5_000);
  expect(asked).toEqual([0n, 500n]);
  expect([value('projection_drift'), value('projection_drift_found')]).toEqual([3, 3]);
  expect(said).toEqual([expect.stringContaining('replay --verify')]);
  // A registry that is read through soon is not read again at once.
  await after(30_000);
  expect(asked).toHaveLength(2);
  pages.push(page([3n, 501n, 502n]), page([]));
  await after(60_000);
  expect(said).toHaveLength(1);
  await after(60_000);
  expect(value('projection_drift')).toBe(0);
  expect(said).toEqual([expect.anything(), expect.stringContaining('agrees with the event log again')]);
});

it('what cannot be read is counted and read again', async () => {
  const { after, pages, asked, value } = watching();
  pages.push(page([], 500n));
  await after(5_000);
  await after(5_000);
  pages.push(page([]));
  await after(5_000);
  expect(asked).toEqual([0n, 500n, 500n]);
  expect([value('projection_unread'), value('projection_drift')]).toEqual([1, 0]);
});

it('where the status is not written, nobody says that it is true', async () => {
  const { after, asked, value } = watching({ isProjected: false });
  await after(600_000);
  expect(asked).toEqual([]);
  expect(value('projection_drift_found')).toBeNull();
});
