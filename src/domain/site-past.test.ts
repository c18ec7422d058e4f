import { describe, expect, it } from 'vitest';
import type { EndpointId } from './ids.ts';
import { DEFAULT_RULES, type RollupRules } from './rollup-rules.ts';
import { siteStretches, siteStretchesInSteps, statesOf, type WatchState } from './site-past.ts';

const [FIRST, SECOND] = [1n, 2n] as [EndpointId, EndpointId];
const EVER = Number.POSITIVE_INFINITY;
const noted = (untilMs: number, state: WatchState) => ({ untilMs, state, intervalMs: 60_000 });
const states = (state: WatchState, ...earlier: ReturnType<typeof noted>[]) =>
  statesOf({ state, intervalMs: 60_000 }, earlier, () => 50);

describe('the states of an endpoint', () => {
  it('are what was noted of it, and what it is now', () => {
    expect(states('paused', noted(10, 'absent'), noted(30, 'watched'), noted(30, 'paused'))).toMatchObject([
      { fromMs: -EVER, toMs: 10, state: 'absent' },
      { fromMs: 10, toMs: 30, state: 'watched' },
      { fromMs: 30, toMs: EVER, state: 'paused' },
    ]);
  });

  it('are those of today at all times where nothing was noted, save for a pause', () => {
    expect(states('watched')).toMatchObject([{ fromMs: -EVER, toMs: EVER, state: 'watched' }]);
    expect(states('paused')).toMatchObject([
      { toMs: 50, state: 'watched' },
      { fromMs: 50, state: 'paused' },
    ]);
  });
});

describe('a pause whose beginning nobody noted', () => {
  it('begins when it is said to have, also after the endpoint was made or resumed here', () => {
    const since50 = [
      { fromMs: 10, toMs: 50, state: 'watched' },
      { fromMs: 50, toMs: EVER, state: 'paused' },
    ];
    expect(states('paused', noted(10, 'absent')).slice(1)).toMatchObject(since50);
    expect(states('paused', noted(5, 'watched'), noted(10, 'paused')).slice(2)).toMatchObject(since50);
    expect(states('paused', { ...noted(10, 'watched'), intervalMs: 300_000 }).slice(1)).toMatchObject(since50);
  });

  it('and that is over is cut to its own time', () => {
    expect(states('watched', noted(10, 'absent'), noted(70, 'paused'))).toMatchObject([
      { toMs: 10, state: 'absent' },
      { fromMs: 10, toMs: 50, state: 'watched' },
      { fromMs: 50, toMs: 70, state: 'paused' },
      { fromMs: 70, state: 'watched' },
    ]);
    expect(states('watched', noted(60, 'absent'), noted(70, 'paused'))).toMatchObject([
      { toMs: 60, state: 'absent' },
      { fromMs: 60, toMs: 70, state: 'paused' },
      { fromMs: 70, state: 'watched' },
    ]);
  });

  it('is not looked for where it was noted, nor where only the interval changed in it', () => {
    const before = noted(30, 'watched');
    expect(states('paused', before).map(({ state }) => state)).toEqual(['watched', 'paused']);
    const slower = { ...noted(40, 'paused'), intervalMs: 300_000 };
    const notes = [before, noted(35, 'paused'), slower];
    expect(states('paused', ...notes).map(({ fromMs, state }) => [fromMs, state])).toEqual([
      [-EVER, 'watched'],
      [30, 'paused'],
      [35, 'paused'],
      [40, 'paused'],
    ]);
  });
});

describe('who speaks for a site', () => {
  const who = (
    rules: RollupRules,
    earlier: Parameters<typeof siteStretches>[2],
    ...each: ReturnType<typeof states>[]
  ) =>
    siteStretches(
      each.map((some, index) => ({ endpointId: index === 0 ? FIRST : SECOND, states: some })),
      rules,
      earlier,
    ).map(({ fromMs, toMs, critical }) => [fromMs, toMs, critical]);

  it('is the first that was watched then; where nobody was, whoever did before', () => {
    const first = states('watched', noted(10, 'watched'), noted(20, 'paused'));
    const second = states('paused', noted(5, 'absent'), noted(30, 'watched'));
    expect(who(DEFAULT_RULES, [], first, second)).toEqual([
      [-EVER, 10, [FIRST]],
      [10, 20, [SECOND]],
      [20, EVER, [FIRST]],
    ]);
    const gone = states('paused', noted(40, 'watched'));
    expect(who(DEFAULT_RULES, [], gone)).toEqual([[-EVER, EVER, [FIRST]]]);
  });

  it('is told by the rules of then', () => {
    const endpoints = new Map([[FIRST, 'non_critical'] as const, [SECOND, 'critical'] as const]);
    const rules = { ...DEFAULT_RULES, endpoints };
    const earlier = [
      { untilMs: 10, rules: DEFAULT_RULES },
      { untilMs: 20, rules },
    ];
    expect(who(DEFAULT_RULES, earlier, states('watched'), states('watched'))).toEqual([
      [-EVER, 10, [FIRST]],
      [10, 20, [SECOND]],
      [20, EVER, [FIRST]],
    ]);
  });

  it('is told in steps, so that a large site whose endpoints come and go keeps nobody waiting', () => {
    const endpoints = Array.from({ length: 500 }, (_, nth) => ({
      endpointId: BigInt(nth + 1) as EndpointId,
      states: states(
        'watched',
        ...Array.from({ length: 4 }, (_, at) => noted(at * 1_000 + nth + 1, at % 2 === 0 ? 'watched' : 'paused')),
      ),
    }));
    const steps = siteStretchesInSteps(endpoints, DEFAULT_RULES, []);
    let turns = 0;
    let step = steps.next();
    for (; !step.done; step = steps.next()) turns += 1;
    expect(turns).toBeGreaterThan(40);
    expect(step.value).toEqual(siteStretches(endpoints, DEFAULT_RULES, []));
  });

  it('does not change where an endpoint is only looked at more often', () => {
    const first = states('watched', ...[10, 20, 30].map((untilMs) => noted(untilMs, 'watched')));
    expect(who(DEFAULT_RULES, [], first)).toEqual([[-EVER, EVER, [FIRST]]]);
  });
});
