import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { busiestProfile, type CpuProfile, describeSelfTimes, topSelfTimes } from './profile.ts';

function profileOf(looks: readonly [node: number, us: number][]): CpuProfile {
  const node = (id: number, functionName: string, url = '', lineNumber = -1) => ({
    id,
    callFrame: { functionName, url, lineNumber },
  });
  return {
    nodes: [
      node(1, '(root)'),
      node(2, '(idle)'),
      node(3, 'parse', 'file:///src/wire/parser.ts', 9),
      node(4, 'parse', 'file:///src/wire/parser.ts', 9),
      node(5, '', 'node:net', 0),
    ],
    samples: looks.map(([id]) => id),
    timeDeltas: looks.map(([, us]) => us),
  };
}

it('adds up what a function took itself wherever it was called, as a share of the busy time', () => {
  const times = topSelfTimes(
    profileOf([
      [2, 900],
      [3, 50],
      [5, 20],
      [4, 30],
    ]),
    6,
  );
  expect(times).toEqual([
    { name: 'parse parser.ts:10', share: 0.8 },
    { name: '(anonymous) node:net:1', share: 0.2 },
  ]);
  expect(describeSelfTimes(times)).toBe('parse parser.ts:10 80.0 %, (anonymous) node:net:1 20.0 %');
});

it('shows no more functions than asked for', () => {
  expect(topSelfTimes(profileOf([[3, 50], [5, 20]]), 1)).toHaveLength(1); // biome-ignore format: one look a line says less
});

it('takes the profile of the thread that was busy longest, not of the one that lived longest', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'jetmon2-profile-'));
  try {
    await writeFile(join(folder, 'main.cpuprofile'), JSON.stringify(profileOf([[2, 9_000], [5, 10]]))); // biome-ignore format: as above
    await writeFile(join(folder, 'prober.cpuprofile'), JSON.stringify(profileOf([[3, 500]])));
    const [first] = topSelfTimes(await busiestProfile(folder), 1);
    expect(first?.name).toBe('parse parser.ts:10');
  } finally {
    await rm(folder, { recursive: true });
  }
});
