/** What is read of a block for one purpose is what the whole block says. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { anySamples } from '../../../test/kit/history.ts';
import { createCounts } from '../../domain/histogram.ts';
import { decodeBlock, encodeBlock, type Part, partsOf, type Run, summaryOf } from './block.ts';
import { readFigures, readWhen, type StoredTimes } from './light-block.ts';
import { addSample, createLooks, inOrder, type Looks } from './looks.ts';
import { ABSENT, BLIND_LOOK, BLIND_TOTAL, DAY_MS, isBlind, type Sample } from './sample.ts';

const DAY = 20_000 * DAY_MS;
const ALL = { fromMs: DAY, toMs: DAY + DAY_MS };

/** Some of them could not tell. */
const samples = fc
  .tuple(anySamples(DAY, DAY_MS), fc.array(fc.nat(9), { minLength: 80, maxLength: 80 }))
  .map(([some, kinds]) =>
    some.map((sample, nth): Sample => {
      if (kinds[nth] !== 0) return sample;
      const nothing = { total: ABSENT, dns: ABSENT, tcp: ABSENT, tls: ABSENT, ttfb: ABSENT };
      return { atMs: sample.atMs, httpCode: BLIND_LOOK.httpCode, ...nothing };
    }),
  );
const blocks = fc
  .tuple(samples, fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }))
  .map(([some, old]) =>
    partsOf(some).map(
      (part, nth): Part =>
        old[nth] === true && 'samples' in part ? { startMs: part.startMs, summary: summaryOf(part.samples) } : part,
    ),
  );

const columnsOf = ({ count, atMs, totals }: Looks) => ({
  atMs: [...atMs.subarray(0, count)],
  totals: [...totals.subarray(0, count)],
});

it('a block read for its figures, or for its times, says what the whole of it says', () => {
  fc.assert(
    fc.property(blocks, (made) => {
      const body = encodeBlock(DAY, made);
      const whole = decodeBlock(DAY, body);
      const all = whole.flatMap((part) => ('samples' in part ? part.samples : []));
      const sums = whole.flatMap((part) => ('samples' in part ? [] : [{ startMs: part.startMs, ...part.summary }]));
      const looks = createLooks();
      const figures = readFigures(DAY, body, looks, createCounts()).map((each) => ({
        ...each,
        counts: [...each.counts],
      }));
      expect(columnsOf(looks).atMs).toEqual(all.map(({ atMs }) => atMs));
      expect(columnsOf(looks).totals).toEqual(all.map((sample) => (isBlind(sample) ? BLIND_TOTAL : sample.total)));
      expect(figures).toEqual(
        sums.map(({ startMs, looks: count, sum, min, max, histogram }) => {
          const counts = [...histogram].sort(([a], [b]) => a - b).flat();
          return { startMs, looks: count, sum, min, max, counts };
        }),
      );
      const times = createLooks();
      const flat = (runs: readonly Run[]) => runs.flatMap(({ fromMs, toMs }) => [fromMs, toMs]);
      const stored: StoredTimes = { runs: [], blinds: [] };
      readWhen(DAY, body, times, stored);
      expect(stored).toEqual({
        runs: sums.flatMap(({ runs }) => flat(runs)),
        blinds: sums.flatMap(({ blinds }) => flat(blinds)),
      });
      expect(columnsOf(times).atMs).toEqual(columnsOf(looks).atMs);
      expect(columnsOf(times).totals).toEqual(all.map((sample) => (isBlind(sample) ? BLIND_TOTAL : ABSENT)));
    }),
  );
});

it('looks of several places are one after the other, each once, and only those of the window', () => {
  fc.assert(
    fc.property(samples, fc.nat(80), fc.nat(80), fc.nat(DAY_MS), (some, from, to, spanMs) => {
      const looks = createLooks();
      for (const sample of [...some.slice(from), ...some.slice(0, to), ...some]) addSample(looks, sample);
      const window = { fromMs: DAY + spanMs / 4, toMs: DAY + spanMs };
      const within = some.filter(({ atMs }) => atMs >= window.fromMs && atMs < window.toMs);
      expect(columnsOf(inOrder(looks, window)).atMs).toEqual(within.map(({ atMs }) => atMs));
      const alone = createLooks();
      for (const sample of some) addSample(alone, sample);
      expect(inOrder(alone, ALL)).toBe(alone);
    }),
  );
});
