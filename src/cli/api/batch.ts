/**
 * Batches: what a command adds carries a label, so that it is found again, and nothing else is touched. The label stands
 * in a header field that probes send; the API shows it as `cli_batch` to whoever asks for it.
 */
import { AppError } from '../../domain/errors.ts';
import type { Api } from './connection.ts';

export const MARKER = 'X-Jetmon-CLI-Batch';

/** Also what a shell takes as it is: commands that undo something are printed to be copied. */
const LABEL = /^[\w.:+-]{1,64}$/;
const FIRST_ID = 910_000_000;
const BATCHES = 90_000;
const IDS_OF_A_BATCH = 1_000;

export type BatchOptions = { batch?: string; allowUnmarked?: boolean };

/** Where the ids of a batch begin, unless another place is named: far from those of real sites. */
export function firstIdOf(label: string): number {
  return FIRST_ID + (fnv1a(label) % BATCHES) * IDS_OF_A_BATCH;
}

/** FNV-1a, 32 bits. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash;
}

/** Throws `invalid_arguments`. */
export function labelIn(text: string): string {
  if (LABEL.test(text)) return text;
  throw new AppError('invalid_arguments', `--batch is not a label: 1 to 64 letters, digits or any of ._:+-`, {
    fix: 'name it as in `--batch staging-1`',
  });
}

/**
 * What may be touched on a server elsewhere is named, and nothing but that. Throws `invalid_arguments`.
 */
export function requireBatch({ isLocal, origin }: Pick<Api, 'isLocal' | 'origin'>, options: BatchOptions): void {
  if (isLocal) return;
  if (options.batch === undefined) {
    throw new AppError('invalid_arguments', `${origin.host} is not this machine, and no batch is named`, {
      fix: 'say with --batch which sites are meant',
    });
  }
  if (options.allowUnmarked !== true) return;
  throw new AppError('invalid_arguments', `--allow-unmarked is not for ${origin.host}, which is not this machine`, {
    fix: 'leave it out: on other machines only sites of the batch are touched',
  });
}
