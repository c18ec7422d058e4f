/** What is made of the content of a body beyond its length: decoded, searched, hashed, its first bytes kept. */
import { createGzipDecoder, type GzipDecoder, type GzipEnd } from './body-gzip.ts';
import { BodyHash } from './body-hash.ts';
import { BodyPieces } from './body-pieces.ts';
import { createTextSearch, type TextSearch } from './body-search.ts';
import type { BodyRead, BodyRules, BodySearch } from './exchange.ts';

export type TextWanted = {
  coding: 'plain' | 'gzip' | 'unreadable';
  rules: BodyRules | null;
  /** Keep the first bytes. */
  excerpt: boolean;
  /** The hash will be asked for, whatever is found. */
  hash: boolean;
  /** What it holds is asked for before its end, which may never come. */
  endless: boolean;
  /** Most bytes of decoded text. */
  limitBytes: number;
};

export type TextFound = Pick<BodyRead, 'search' | 'excerpt' | 'sha256'> & {
  stoppedBy: 'byte_budget' | 'ratio' | null;
  /** The compressed text ends before its end, although nothing was to be missing. */
  isCut: boolean;
};

export interface BodyText {
  /** The bytes must stay as they are until `keep` or `end`. */
  push(bytes: Buffer): void;
  /** From here on nothing that was pushed need stay as it is. */
  keep(): void;
  /** What decoding brought is more than enough. */
  isFull(): boolean;
  isRequiredMissing(): boolean;
  /** Nothing that may still come can change what was found. */
  isSettled(): boolean;
  /**
   * No more will be pushed. `mayBeCut`: the input does not reach to the end of the body, and that is no failure. Calls
   * back at once unless something is still to be decoded; called again, it calls back at once in place of the first.
   */
  end(how: { mayBeCut: boolean; wait: boolean }, done: (found: TextFound) => void): void;
  destroy(): void;
}

const EXCERPT_BYTES = 1_024;
/** Text of one repeated byte is packed about 1,000 times; pages are packed 3 to 20 times. */
const MAX_RATIO = 200;
/** Less than this is no bomb, however it is packed. */
const MIN_RATIO_BYTES = 65_536;

export function createBodyText(wanted: TextWanted): BodyText {
  const { coding, rules, excerpt, endless, limitBytes } = wanted;
  const search: TextSearch | null = rules === null ? null : createTextSearch(rules);
  const hash = new BodyHash();
  let start = '';
  let textBytes = 0;
  let stoppedBy: TextFound['stoppedBy'] = null;
  let gzipEnd: GzipEnd | null = null;
  let waiting: { mayBeCut: boolean; done: (found: TextFound) => void } | null = null;

  const decoder: GzipDecoder | null =
    coding === 'gzip' ? createGzipDecoder({ onText: takeDecoded, onEnd: endDecoding }, { eager: endless }) : null;

  const pieces = new BodyPieces((bytes) => (decoder === null ? take(bytes) : decoder.push(bytes)));

  function take(text: Buffer): void {
    textBytes += text.length;
    hash.push(text);
    if (search !== null && coding !== 'unreadable') search.push(text);
    if (excerpt && start.length < EXCERPT_BYTES) start += text.toString('latin1', 0, EXCERPT_BYTES - start.length);
  }

  function takeDecoded(text: Buffer): void {
    const room = limitBytes - textBytes;
    take(text.length > room ? text.subarray(0, room) : text);
    keep();
    if (text.length > room) stopDecoding('byte_budget');
    else if (textBytes > MIN_RATIO_BYTES && textBytes > MAX_RATIO * (decoder?.bytesDecoded() ?? 0))
      stopDecoding('ratio');
  }

  function keep(): void {
    hash.keep();
    search?.keep();
  }

  function stopDecoding(why: 'byte_budget' | 'ratio'): void {
    stoppedBy = why;
    decoder?.destroy();
    tellWaiting();
  }

  function endDecoding(how: GzipEnd): void {
    gzipEnd = how;
    tellWaiting();
  }

  function tellWaiting(): void {
    if (waiting === null) return;
    const { mayBeCut, done } = waiting;
    waiting = null;
    done(found(mayBeCut));
  }

  function found(mayBeCut: boolean): TextFound {
    const result = searched(mayBeCut);
    return {
      search: result,
      excerpt: excerpt ? textOf(start) : null,
      sha256: wanted.hash || excerpt || isTelling(result) ? hashLater() : () => null,
      stoppedBy,
      isCut: gzipEnd === 'cut' && !mayBeCut,
    };
  }

  /** Of a page that is as it should be, nobody asks for the hash. */
  function hashLater(): () => string {
    hash.keep();
    return () => hash.hex();
  }

  function searched(mayBeCut: boolean): BodySearch | null {
    if (search === null) return null;
    if (coding === 'unreadable') return { outcome: 'unsupported_encoding' };
    const isReadable = decoder === null || gzipEnd === 'whole' || stoppedBy !== null;
    return isReadable || (mayBeCut && gzipEnd !== 'broken') ? search.result() : { outcome: 'broken_encoding' };
  }

  return {
    push: (bytes) => pieces.push(bytes),
    keep() {
      if (decoder === null) keep();
    },
    isFull: () => stoppedBy !== null,
    isSettled() {
      pieces.flush();
      return search?.isSettled() ?? false;
    },
    isRequiredMissing() {
      pieces.flush();
      return search?.isRequiredMissing() ?? false;
    },
    end({ mayBeCut, wait }, done) {
      pieces.flush();
      waiting = { mayBeCut, done };
      const isDecoding = decoder !== null && stoppedBy === null && gzipEnd === null;
      if (isDecoding && wait) decoder.end();
      else {
        decoder?.destroy();
        tellWaiting();
      }
    },
    destroy() {
      waiting = null;
      decoder?.destroy();
    },
  };
}

/** Whether the search brought what somebody will look into. */
function isTelling(search: BodySearch | null): boolean {
  if (search === null) return false;
  return search.outcome !== 'searched' || search.isRequiredMissing || search.forbiddenFound !== null;
}

/** As UTF-8 where it is that, cut or not; otherwise byte by byte. */
function textOf(latin1: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(latin1, 'latin1'), { stream: true });
  } catch {
    return latin1;
  }
}
