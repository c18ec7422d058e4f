/** What is reckoned with numbers is what a plain reading of looks one by one gives. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../../../test/kit/runs.ts';
import type { Run } from './block.ts';
import { addLook, createLooks } from './looks.ts';
import { addRuns, observedIn, type Seen } from './observed.ts';
import { within } from './pace.ts';
import { ABSENT, BLIND_TOTAL } from './sample.ts';

const NEXT = 7;
const LAST = 4;

type Kind = 'healthy' | 'failed' | 'blind';

/** Millisecond by millisecond: observed from a look that could tell until the next one in time, or for a while. */
function plain(looks: ReadonlyMap<number, Kind>, { fromMs, toMs }: Run): Run[] {
  const all = [...looks].sort(([a], [b]) => a - b);
  const isObserved = (ms: number) => {
    const last = all.findLast(([atMs]) => atMs <= ms);
    if (last === undefined || last[1] === 'blind') return false;
    const next = all.find(([atMs]) => atMs > ms);
    const isFollowed = next !== undefined && next[1] !== 'blind' && next[0] <= last[0] + NEXT;
    return isFollowed || ms < last[0] + LAST;
  };
  const found: Run[] = [];
  for (let ms = fromMs; ms < toMs; ms += 1) {
    if (!isObserved(ms)) continue;
    const last = found.at(-1);
    if (last?.toMs === ms) last.toMs = ms + 1;
    else found.push({ fromMs: ms, toMs: ms + 1 });
  }
  return found;
}

function joined(runs: readonly Run[]): Run[] {
  const found: Run[] = [];
  for (const run of runs) {
    const last = found.at(-1);
    if (last?.toMs === run.fromMs) last.toMs = run.toMs;
    else found.push({ ...run });
  }
  return found;
}

const anyLooks = fc.uniqueArray(
  fc.tuple(fc.nat(120), fc.constantFrom<Kind>('healthy', 'healthy', 'healthy', 'failed', 'blind')),
  { selector: ([atMs]) => atMs, maxLength: 40 },
);

it('time is observed exactly where a look in time says so, whatever places the looks come from', () => {
  fc.assert(
    fc.property(anyLooks, fc.nat(120), fc.nat(120), (some, one, other) => {
      const all = some.toSorted(([a], [b]) => a - b);
      const seen: Seen = {
        runs: [],
        blinds: [],
        failed: all.flatMap(([atMs, kind]) => (kind === 'failed' ? [atMs] : [])),
      };
      // Pieces as days are, the later ones first.
      for (const piece of [all.filter(([atMs]) => atMs >= 60), all.filter(([atMs]) => atMs < 60)]) {
        const looks = createLooks();
        for (const [atMs, kind] of piece)
          if (kind !== 'failed') addLook(looks, atMs, kind === 'blind' ? BLIND_TOTAL : ABSENT);
        addRuns(looks, within(NEXT), seen);
      }
      const window = { fromMs: Math.min(one, other), toMs: Math.max(one, other) };
      const observed = observedIn(window, seen, within(NEXT), within(LAST));
      expect(joined(observed)).toEqual(plain(new Map(all), window));
    }),
    { numRuns: runs(1_000) },
  );
});
