/** A small file of the machine's configuration that is read again when it changes. A missing file is an empty one. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { Clock } from '../lib/clock.ts';

export interface ChangingFile {
  /** The text, as latin1, when it is another than at the last call; null when it is not. Looks once a second at most. */
  textIfChanged(): string | null;
}

/** More than a hosts file of names holds; block lists beyond it are cut. */
const MAX_BYTES = 1_048_576;
const LOOK_AGAIN_AFTER_MS = 1_000;
const ABSENT = 'absent';

export function createChangingFile(path: string, clock: Clock): ChangingFile {
  let version = '';
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return {
    textIfChanged() {
      const nowMs = clock.monotonicMs();
      if (nowMs - lookedAtMs < LOOK_AGAIN_AFTER_MS) return null;
      lookedAtMs = nowMs;
      const read = readIfChanged(path, version);
      if (read === null) return null;
      version = read.version;
      return read.text;
    },
  };
}

/** Null when the file is still the version we know, or cannot be read just now. */
function readIfChanged(path: string, known: string): { version: string; text: string } | null {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    // Without descriptors or permission the last good text is better than none.
    const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isGone && known !== ABSENT ? { version: ABSENT, text: '' } : null;
  }
  try {
    const { mtimeMs, size, ino } = fstatSync(file);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (version === known) return null;
    const bytes = Buffer.alloc(Math.min(size, MAX_BYTES));
    const byteCount = readSync(file, bytes, 0, bytes.length, 0);
    return { version, text: bytes.toString('latin1', 0, byteCount) };
  } catch {
    // A folder of that name, or a disk that fails: as if it could not be opened.
    return null;
  } finally {
    closeSync(file);
  }
}
