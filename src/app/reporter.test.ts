import { describe, expect, it, onTestFinished } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { silentLog } from '../telemetry/log.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { createReporter, type Sink } from './reporter.ts';

function fixture(sinks: Sink[]) {
  const clock = createFakeClock();
  const metrics = createMetrics();
  const warnings: unknown[] = [];
  const news: unknown[] = [];
  let looks = 0;
  let turns = 0;
  const reporter = createReporter({
    sinks,
    looks: () => looks,
    intervalMs: () => 10_000,
    onTurn: () => {
      turns += 1;
    },
    metrics,
    clock,
    log: {
      ...silentLog,
      warn: (...words: unknown[]) => void warnings.push(words),
      info: (...words: unknown[]) => void news.push(words),
    },
  });
  onTestFinished(async () => {
    const stopped = reporter.stop();
    clock.advance(5_000);
    await settled();
    clock.advance(5_000);
    await stopped;
  });
  return {
    reporter,
    clock,
    metrics,
    warnings,
    news,
    turns: () => turns,
    look: (count: number) => {
      looks += count;
    },
    async turn() {
      clock.advance(10_000);
      await settled();
    },
  };
}

/** Lets what was resolved be told. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

function counter() {
  let count = 0;
  return {
    add() {
      count += 1;
    },
    count: () => count,
  };
}

const errorsIn = (metrics: ReturnType<typeof createMetrics>) =>
  metrics.read().flatMap(({ name, series }) => (name === 'stats_errors' ? series : []));

describe('the reporter', () => {
  it('tells at the start, every interval and at the end', async () => {
    const told = counter();
    const { reporter, turn, turns } = fixture([{ to: 'health', tell: () => told.add() }]);
    reporter.start();
    await settled();
    expect(told.count()).toBe(1);
    await turn();
    await turn();
    expect([told.count(), turns()]).toEqual([3, 2]);
    await reporter.stop();
    expect(told.count()).toBe(4);
    await turn();
    expect(told.count()).toBe(4);
  });

  it('measures looks a second over the newest interval', async () => {
    const { reporter, turn, look } = fixture([]);
    reporter.start();
    expect(reporter.perSecond()).toBeNull();
    look(250);
    await turn();
    expect(reporter.perSecond()).toBe(25);
    await turn();
    expect(reporter.perSecond()).toBe(0);
  });

  it('says once that somebody cannot be told, goes on trying, and says when it works', async () => {
    let isBroken = true;
    const others = counter();
    const { reporter, turn, warnings, news, metrics } = fixture([
      {
        to: 'files',
        tell() {
          if (isBroken) throw new Error('no room');
        },
      },
      { to: 'health', tell: () => others.add() },
    ]);
    reporter.start();
    await settled();
    await turn();
    await turn();
    expect([warnings.length, others.count()]).toEqual([1, 3]);
    expect(errorsIn(metrics)).toMatchObject([{ labels: { to: 'files' }, value: 3 }]);
    isBroken = false;
    await turn();
    expect(news).toHaveLength(1);
  });

  it('waits for nobody who hangs, neither while it runs nor at the end', async () => {
    let asked = 0;
    const hanging: Sink = {
      to: 'health',
      tell() {
        asked += 1;
        return new Promise<void>(() => {});
      },
    };
    const { reporter, turn, clock, metrics } = fixture([hanging]);
    reporter.start();
    await turn();
    await turn();
    expect(asked).toBe(1);
    expect(errorsIn(metrics)).toMatchObject([{ labels: { to: 'health' }, value: 2 }]);
    let isOver = false;
    void reporter.stop().then(() => {
      isOver = true;
    });
    await settled();
    clock.advance(2_000);
    await settled();
    clock.advance(2_000);
    await settled();
    expect(isOver).toBe(true);
  });
});
