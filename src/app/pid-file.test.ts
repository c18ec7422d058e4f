import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readPidFile, writePidFile } from './pid-file.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'jetmon2-pid-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('the file of the process id', () => {
  it('holds the id while we run, whatever stood there, and is gone afterwards', () => {
    const place = folder();
    const path = join(place, 'jetmon2.pid');
    writeFileSync(path, 'left behind');
    const remove = writePidFile(path, 4_711);
    expect(readFileSync(path, 'utf8')).toBe('4711\n');
    expect(readPidFile(path)).toBe(4_711);
    remove();
    expect(readdirSync(place)).toEqual([]);
  });

  it('that speaks of another by the end is left alone', () => {
    const path = join(folder(), 'jetmon2.pid');
    const remove = writePidFile(path, 1);
    writeFileSync(path, '2\n');
    remove();
    expect(readPidFile(path)).toBe(2);
  });

  it('that cannot be written is refused by name', () => {
    const path = join(folder(), 'missing', 'jetmon2.pid');
    expect(() => writePidFile(path, 1)).toThrow(expect.objectContaining({ code: 'pid_file_unusable' }));
    expect(() => writePidFile(path, 1)).toThrow(/missing\/jetmon2\.pid cannot be written \(ENOENT\)/);
  });

  it('that is missing or holds anything else names nobody', () => {
    const path = join(folder(), 'jetmon2.pid');
    expect(readPidFile(path)).toBeNull();
    for (const text of ['', '0', '-1', '12 34', '99999999999', '1; rm']) {
      writeFileSync(path, text);
      expect(readPidFile(path), text).toBeNull();
    }
  });
});
