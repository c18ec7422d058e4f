/** The local admin key: made at the first start, readable by its owner alone, used by the commands on this machine. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../domain/errors.ts';
import type { Random } from '../lib/random.ts';
import { newToken } from '../store/api-token.ts';

const FILE = 'local.key';

/** Reads the key, or makes one. Throws `data_dir_unusable` when the file cannot be read or written. */
export function localKey(dataDir: string, random: Random): string {
  const path = join(dataDir, FILE);
  try {
    const existing = readLocalKey(dataDir);
    if (existing !== null) {
      // A copy or a restored backup may have opened it to others.
      chmodSync(path, 0o600);
      return existing;
    }
    const token = newToken(random);
    writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'w' });
    return token;
  } catch (cause) {
    throw new AppError('data_dir_unusable', `${path} cannot be used (${(cause as NodeJS.ErrnoException).code})`, {
      fix: 'give the user that runs jetmon2 the right to read and write it',
      cause,
    });
  }
}

/** Null when there is none, or when what is there is no key. */
export function readLocalKey(dataDir: string): string | null {
  try {
    const text = readFileSync(join(dataDir, FILE), 'utf8').trim();
    return /^jm_[A-Z2-7]{52}$/.test(text) ? text : null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
