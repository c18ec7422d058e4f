/**
 * How the reading of one body comes to its end: whole, enough by a budget, out of time, or broken off. What is decoded
 * in another thread may outlast the bytes. It owns no framing and no clock, so both versions of HTTP share it.
 */
import type { BodyEnd, ContentReader } from './body-reader.ts';
import type { BodyRead, WireFailure } from './exchange.ts';

/** Why a body was not read as it should be; what was read of it is added to the words. */
type BodyTrouble = { code: string; detail: string };

const BROKEN_OFF: BodyEnd = { complete: false, stoppedBy: null };
const TEXT_CUT: BodyTrouble = { code: 'TRUNCATED', detail: 'the compressed text ends before its end' };
/** All that is wanted has come, and only decoding is left, which is our own work. */
const DECODER_BUSY: BodyTrouble = { code: 'DECODER_BUSY', detail: 'we did not decode the text in time' };
const SEARCH_TOO_SLOW: BodyTrouble = { code: 'TIME_BUDGET', detail: 'the text was not searched in its time' };

export class BodyReading {
  readonly #reader: ContentReader;
  readonly #onOver: (body: BodyRead, failure: WireFailure | null) => void;
  #state: 'open' | 'decoding' | 'over' = 'open';
  /** How the body that is being decoded ended. */
  #end: BodyEnd = BROKEN_OFF;

  /** `onOver` is called exactly once, possibly inside any method. */
  constructor(reader: ContentReader, onOver: (body: BodyRead, failure: WireFailure | null) => void) {
    this.#reader = reader;
    this.#onOver = onOver;
  }

  /** Whether bytes are still wanted. */
  get isOpen(): boolean {
    return this.#state === 'open';
  }

  /** Ms that the reading may take from its start, after which `onBudget` is to be called; null for none. */
  budgetMs(): number | null {
    return this.#state === 'over' ? null : this.#reader.budgetMs();
  }

  /** The last byte of the body was read. */
  complete(): void {
    if (this.isOpen) this.#finish({ complete: true, stoppedBy: null }, null);
  }

  /** To be asked after each read: ends the reading where no more is wanted. */
  endIfFull(): void {
    const stoppedBy = this.isOpen ? this.#reader.whyFull() : null;
    if (stoppedBy !== null) this.#finish({ complete: false, stoppedBy }, null);
  }

  /** The body has no end that could be believed. What an error page lacks is no failure: its status says all. */
  breakOff(code: string, detail: string): void {
    if (this.isOpen) this.#finish(BROKEN_OFF, this.#reader.mode === 'error_excerpt' ? null : { code, detail });
  }

  /** For a reason outside the bytes, DEADLINE among them, the reading ends now; a body that was whole before stays so. */
  stop(code: string, detail: string): void {
    if (code === 'DEADLINE') this.#runOutOfTime({ code, detail });
    else if (this.isOpen) {
      this.breakOff(code, detail);
      this.#stopDecoding(null);
    }
  }

  onBudget(): void {
    if (this.budgetMs() !== null) this.#runOutOfTime(SEARCH_TOO_SLOW);
  }

  /** Over without a word to anybody. */
  destroy(): void {
    this.#state = 'over';
    this.#reader.destroy();
  }

  #runOutOfTime(trouble: BodyTrouble): void {
    if (this.#state === 'over') return;
    const failure = this.#reader.onBudget() === 'too_slow' ? trouble : null;
    if (!this.isOpen) {
      this.#stopDecoding(failure === null ? null : DECODER_BUSY);
      return;
    }
    this.#finish({ complete: false, stoppedBy: failure === null ? 'time_budget' : null }, failure);
    this.#stopDecoding(failure);
  }

  #stopDecoding(trouble: BodyTrouble | null): void {
    if (this.#state === 'decoding') this.#finish(trouble === null ? this.#end : BROKEN_OFF, trouble);
  }

  #finish(end: BodyEnd, trouble: BodyTrouble | null): void {
    this.#state = 'decoding';
    this.#end = end;
    this.#reader.finish(end, (body, isTextCut) => {
      this.#state = 'over';
      this.#onOver(body, failureOf(trouble ?? (isTextCut ? TEXT_CUT : null), body));
    });
  }
}

function failureOf(trouble: BodyTrouble | null, { bytesRead, expectedBytes }: BodyRead): WireFailure | null {
  if (trouble === null) return null;
  const progress = `${bytesRead} of ${expectedBytes ?? 'an unknown number of'} bytes read`;
  return { phase: 'body', code: trouble.code, detail: `${trouble.detail}: ${progress}` };
}
