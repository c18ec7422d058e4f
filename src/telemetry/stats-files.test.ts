import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { writeStatsFiles } from './stats-files.ts';

const TOTALS = { sitesPerSecond: 12.4, queued: 3, working: 7, waiting: 2, error: 1, offline: 4, success: 95 };

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'jetmon2-stats-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

it('the files of version 1 say what they said, and nothing else is left behind', async () => {
  const stats = join(folder(), 'stats');
  await writeStatsFiles(stats, { ...TOTALS, working: 6 });
  await writeStatsFiles(stats, TOTALS);
  const read = (name: string) => readFileSync(join(stats, name), 'utf8');
  expect(readdirSync(stats).toSorted()).toEqual(['sitespersec', 'sitesqueue', 'totals']);
  expect(read('sitespersec')).toBe('sites per second: 12\n');
  expect(read('sitesqueue')).toBe('sites in queue: 3\n');
  expect(read('totals')).toBe(
    'working : 7\nwaiting : 2\nhalting : 0\nerror   : 1\noffline : 4\nsuccess : 95\ntotal   : 100\n',
  );
});

it('a folder that cannot be is told to the caller', async () => {
  const file = join(folder(), 'file');
  writeFileSync(file, '');
  await expect(writeStatsFiles(join(file, 'stats'), TOTALS)).rejects.toMatchObject({ code: 'ENOTDIR' });
});
