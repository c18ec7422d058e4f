/** Where one host holds more sites than may be looked at at a time, those go first of which people do not know yet. */
import { describe, expect, it } from 'vitest';
import { failing, up, watchingEngine } from '../../test/kit/engine.ts';
import { verdict } from '../../test/kit/fake-prober.ts';

describe('the precedence of a look', () => {
  it('is first for a retry, last once people can know that the site fails, and none for a site that is well', async () => {
    const { prober, run } = await watchingEngine();
    prober.script(up);
    await run(60_000);
    expect(new Set(prober.jobs.map(({ job }) => job.precedence))).toEqual(new Set([null]));
    prober.script(failing);
    const before = prober.jobs.length;
    await run(120_000);
    const precedences = prober.jobs.slice(before).map(({ job }) => job.precedence);
    expect(precedences.slice(0, 3)).toEqual([null, 'first', 'first']);
    expect(precedences.length).toBeGreaterThan(3);
    expect(new Set(precedences.slice(3))).toEqual(new Set(['last']));
  });

  it('is that of any other for a site of which nothing could be told, and its turn comes again soon', async () => {
    const { prober, run } = await watchingEngine();
    prober.script(up);
    await run(60_000);
    prober.script(() => [verdict('Unknown', 'http')]);
    const before = prober.jobs.length;
    await run(300_000);
    const looks = prober.jobs.slice(before);
    expect(new Set(looks.map(({ job }) => job.precedence))).toEqual(new Set([null]));
    const gaps = looks.slice(1).map(({ monotonicMs }, at) => monotonicMs - (looks[at]?.monotonicMs ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(120_000);
  });
});
