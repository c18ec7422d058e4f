/** Reads the content of one reply as far as it is wanted (spec/03 section 5.6), whichever HTTP version framed it. */
import {
  type BodyAsker,
  type BodyHead,
  type BodyPlan,
  bodyPlanOf,
  encodingOf,
  isEndless,
  isEventStreamType,
} from './body-mode.ts';
import { type BodyText, createBodyText, type TextFound } from './body-text.ts';
import type { BodyRead, Reply } from './exchange.ts';

/** `isTextCut`: the body is whole, and the compressed text that was to be searched is not: it counts as TRUNCATED. */
export type BodyDone = (body: BodyRead, isTextCut: boolean) => void;

export type BodyEnd = { complete: boolean; stoppedBy: BodyRead['stoppedBy'] };

/**
 * `expectedBytes` is the length that was announced, 0 for a reply that has no body. Null: the body is not read at all
 * (mode `skipped`); see `skippedBody` for its BodyRead.
 */
export function createBodyReader(
  head: Pick<Reply, 'status' | 'headers'>,
  expectedBytes: number | undefined,
  asker: BodyAsker,
): ContentReader | null {
  return createContentReader(bodyHeadOf(head), expectedBytes, asker);
}

export function skippedBody(head: Pick<Reply, 'status' | 'headers'>, asker: Pick<BodyAsker, 'body'>): BodyRead {
  return skippedRead(bodyHeadOf(head), asker);
}

function bodyHeadOf({ status, headers }: Pick<Reply, 'status' | 'headers'>): BodyHead {
  const valuesOf = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value);
  const encodings = valuesOf('content-encoding');
  return {
    status,
    isEventStream: valuesOf('content-type').some(isEventStreamType),
    contentEncoding: encodings.length === 0 ? null : encodings.join(','),
    isTransferCoded: false,
  };
}

/** As `createBodyReader`, for whoever has looked at the head already. */
export function createContentReader(
  head: BodyHead,
  expectedBytes: number | undefined,
  asker: BodyAsker,
): ContentReader | null {
  const plan = bodyPlanOf(head, expectedBytes, asker);
  return plan.mode === 'skipped' ? null : new ContentReader(head, expectedBytes, plan, asker);
}

export function skippedRead(head: BodyHead, { body }: Pick<BodyAsker, 'body'>): BodyRead {
  return {
    mode: 'skipped',
    bytesRead: 0,
    limitBytes: body.maxBytes,
    complete: false,
    stoppedBy: null,
    encoding: encodingOf(head),
    ...NOTHING_FOUND,
  };
}

const NOTHING_FOUND = { search: null, excerpt: null, sha256: (): string | null => null };

/** A class: every check makes one, and most of them only count. */
export class ContentReader {
  readonly #head: BodyHead;
  readonly #expectedBytes: number | undefined;
  readonly #plan: BodyPlan;
  readonly #text: BodyText | null;
  #bytesRead = 0;
  /** More came than is wanted. */
  #isCut = false;
  #isFinishing = false;

  constructor(head: BodyHead, expectedBytes: number | undefined, plan: BodyPlan, asker: BodyAsker) {
    this.#head = head;
    this.#expectedBytes = expectedBytes;
    this.#plan = plan;
    this.#text = textOf(head, plan, asker);
  }

  /** Content as it came, transfer framing removed; the bytes must stay as they are until `endRead` or `finish`. */
  push(bytes: Buffer): void {
    this.take(bytes, 0, bytes.length);
  }

  /** As `push`, of a part of a read, which need not be cut out where bytes are only counted. */
  take(bytes: Buffer, from: number, to: number): void {
    const room = this.#plan.limitBytes - this.#bytesRead;
    const count = Math.min(room, to - from);
    if (to - from > room) this.#isCut = true;
    this.#bytesRead += count;
    if (this.#text !== null && count > 0) this.#text.push(bytes.subarray(from, from + count));
  }

  /** To be called at the end of each read that the body goes on after: nothing of it need stay as it is. */
  endRead(): void {
    this.#text?.keep();
  }

  /** True when nothing more is wanted: the byte budget is used up, or what decoding may bring. */
  isFull(): boolean {
    return this.whyFull() !== null;
  }

  /** Why nothing more is wanted; null while it is. */
  whyFull(): 'byte_budget' | 'found' | null {
    if (this.#bytesRead >= this.#plan.limitBytes || (this.#text?.isFull() ?? false)) return 'byte_budget';
    // A stream has no end to wait for.
    const isFound = this.#plan.mode === 'keyword' && isEndless(this.#head) && (this.#text?.isSettled() ?? false);
    return isFound ? 'found' : null;
  }

  get mode(): BodyRead['mode'] {
    return this.#plan.mode;
  }

  /** How long this body may take from now, ms; null when only the deadline bounds it. */
  budgetMs(): number | null {
    return this.#plan.budgetMs;
  }

  /**
   * The time budget is used up, or the deadline is there. `enough`: what was read is enough, finish with stoppedBy
   * `time_budget`. `too_slow`: a failure, TIME_BUDGET or DEADLINE; finish without stoppedBy.
   */
  onBudget(): 'enough' | 'too_slow' {
    const { mode } = this.#plan;
    if (this.isFull() || mode === 'success_budgeted' || mode === 'error_excerpt') return 'enough';
    // A stream without an end is no slower than any other; what was found in it stands.
    const isFound = mode === 'keyword' && isEndless(this.#head) && !(this.#text?.isRequiredMissing() ?? false);
    return isFound ? 'enough' : 'too_slow';
  }

  /**
   * The end of what will be read; neither complete nor stopped by a budget is a body that broke off. Calls back exactly
   * once: at once, unless text must still be decoded. Called a second time it calls back at once, and the first `done` is
   * never called: so a reply ends when its deadline comes during decoding.
   */
  finish({ complete, stoppedBy }: BodyEnd, done: BodyDone): void {
    const end: BodyEnd = this.#isCut ? { complete: false, stoppedBy: 'byte_budget' } : { complete, stoppedBy };
    if (this.#text === null) {
      done(this.#readOf(end, NOTHING_FOUND), false);
      return;
    }
    const brokeOff = !end.complete && end.stoppedBy === null;
    const wait = !this.#isFinishing && stoppedBy !== 'time_budget' && !(brokeOff && this.#plan.mode === 'keyword');
    this.#isFinishing = true;
    this.#text.end({ mayBeCut: end.stoppedBy !== null, wait }, (found) => {
      const read = this.#readOf(
        found.stoppedBy === null ? end : { complete: false, stoppedBy: found.stoppedBy },
        found,
      );
      done(read, found.isCut && end.complete && this.#plan.mode === 'keyword');
    });
  }

  /** Drops what is held (decoder, kept bytes) without a result; `finish` does not call back any more. */
  destroy(): void {
    this.#text?.destroy();
  }

  #readOf({ complete, stoppedBy }: BodyEnd, found: Pick<TextFound, 'search' | 'excerpt' | 'sha256'>): BodyRead {
    const read: BodyRead = {
      mode: this.#plan.mode,
      bytesRead: this.#bytesRead,
      limitBytes: this.#plan.limitBytes,
      complete,
      stoppedBy,
      encoding: encodingOf(this.#head),
      search: found.search,
      excerpt: found.excerpt,
      sha256: found.sha256,
    };
    if (this.#expectedBytes !== undefined) read.expectedBytes = this.#expectedBytes;
    return read;
  }
}

/** Null where the bytes are only counted. */
function textOf(head: BodyHead, { mode, limitBytes }: BodyPlan, { body }: BodyAsker): BodyText | null {
  const isSearched = mode === 'keyword';
  const isExcerpt = mode === 'error_excerpt';
  if (!isSearched && !isExcerpt && !body.hash) return null;
  return createBodyText({
    coding: codingOf(head, body.rules !== null),
    rules: isSearched ? body.rules : null,
    excerpt: isExcerpt,
    hash: body.hash,
    endless: isEndless(head),
    limitBytes,
  });
}

/** We ask for gzip where something is looked for, and for nothing else ever. */
function codingOf(head: BodyHead, isGzipAsked: boolean): 'plain' | 'gzip' | 'unreadable' {
  const encoding = encodingOf(head);
  if (!isGzipAsked || (encoding === 'identity' && !head.isTransferCoded)) return 'plain';
  return (encoding === 'gzip' || encoding === 'x-gzip') && !head.isTransferCoded ? 'gzip' : 'unreadable';
}
