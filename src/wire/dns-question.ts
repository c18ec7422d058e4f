/**
 * One question put to several resolvers: in order, twice, the next one as soon as one is silent for its share of the
 * time or does not know. Replies of earlier tries still count. It ends with an answer, or with what their silence means.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Deadlines } from './deadlines.ts';
import type { Query, Reply } from './dns-message.ts';
import type { DnsTrouble, OpenQuery } from './dns-transport.ts';
import type { Asker, Upstream } from './dns-upstream.ts';
import type { DnsCode } from './exchange.ts';

export type Answer =
  | (Extract<Reply, { kind: 'addresses' | 'nothing' }> & { by: readonly Upstream[] })
  | { kind: 'failure'; code: DnsCode; detail: string; by: readonly Upstream[] };

export interface Answered {
  onAnswer(answer: Answer): void;
}

export type QuestionParts = { clock: Clock; deadlines: Deadlines; queryTimeoutMs: number };

/** Until when there is time; it may grow while the question is out. */
export type TimeLimit = { untilMs: number };

const ROUNDS = 2;
/** Between the rounds, when the last resolver was not silent. A resolver that is restarted needs about as long. */
const PAUSE_MS = 250;
/** The shortest time a resolver gets, however near the end is. */
const MIN_SHARE_MS = 10;

/** Words of a resolver tell more than trouble of ours, and that more than silence. */
const FAILURES: readonly DnsCode[] = ['SERVFAIL', 'REFUSED', 'BAD_REPLY', 'LOCAL_FAILURE'];
/** Silence that was shorter says nothing about a resolver of which nothing else is known. */
const TELLING_SILENCE_MS = 100;

export class Question implements Asker {
  readonly #parts: QuestionParts;
  readonly #query: Query;
  readonly #upstreams: readonly Upstream[];
  readonly #limit: TimeLimit;
  readonly #answered: Answered;
  readonly #startedMs: number;
  readonly #open: OpenQuery[] = [];
  /** How tries have failed, and what was last said of each; null while none has. */
  #failures: Map<DnsCode, string> | null = null;
  #tries = 0;
  /** Whose turn it is; when an earlier one fails late, nothing changes. */
  #current: Upstream | null = null;
  #timer: Timer | null = null;
  #isOver = false;

  constructor(
    parts: QuestionParts,
    query: Query,
    upstreams: readonly Upstream[],
    limit: TimeLimit,
    answered: Answered,
  ) {
    this.#parts = parts;
    this.#query = query;
    this.#upstreams = livingFirst(upstreams);
    this.#limit = limit;
    this.#answered = answered;
    this.#startedMs = parts.clock.monotonicMs();
    this.#next();
  }

  answered(upstream: Upstream, outcome: Reply | DnsTrouble): void {
    if (this.#isOver) return;
    if (outcome.kind === 'addresses' || outcome.kind === 'nothing') {
      this.stop();
      upstream.resolved();
      this.#answered.onAnswer({ ...outcome, by: upstream.alone });
      return;
    }
    this.#note(outcome);
    if (upstream !== this.#current) return;
    if (this.#tries === this.#upstreams.length) this.#pause();
    else this.#next();
  }

  /** What is to be said when nobody can wait any longer. */
  silence(): Answer {
    const by = this.#upstreams.slice(0, this.#tries);
    const told = FAILURES.find((code) => this.#failures?.has(code));
    const code = told ?? (this.#isAnyAlive(by) ? 'TIMEOUT' : 'NO_RESOLVER');
    return { kind: 'failure', code, detail: this.#failures?.get(code) ?? 'no answer in time', by };
  }

  /** Somebody will not wait as long as was planned: learn at once whether the resolver lives. */
  hurry(): void {
    this.#current?.askForLife(this.#startedMs);
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    for (const query of this.#open) query.cancel();
  }

  #next(): void {
    this.#timer?.cancel();
    const left = this.#upstreams.length * ROUNDS - this.#tries;
    const upstream = this.#upstreams[this.#tries % this.#upstreams.length];
    if (left === 0 || upstream === undefined) {
      const answer = this.silence();
      this.stop();
      this.#answered.onAnswer(answer);
      return;
    }
    this.#tries += 1;
    this.#current = upstream;
    const { clock, deadlines, queryTimeoutMs } = this.#parts;
    const remainingMs = this.#limit.untilMs - clock.monotonicMs();
    const shareMs = Math.max(MIN_SHARE_MS, Math.min(queryTimeoutMs, remainingMs / left));
    // Half of the time is spent before its life is doubted, so that the answer to that is there in time.
    this.#timer = deadlines.after(shareMs / 2, () => {
      upstream.askForLife(this.#startedMs);
      this.#timer = deadlines.after(shareMs / 2, () => this.#next());
    });
    this.#open.push(upstream.ask(this.#query, this));
  }

  /** All have said that they do not know, or are not there: a moment later they may be. */
  #pause(): void {
    this.#current = null;
    this.#timer?.cancel();
    const remainingMs = this.#limit.untilMs - this.#parts.clock.monotonicMs();
    this.#timer = this.#parts.deadlines.after(Math.min(PAUSE_MS, remainingMs / 4), () => this.#next());
  }

  #note(outcome: Reply | DnsTrouble): void {
    this.#failures ??= new Map();
    this.#failures.set(failureOf(outcome), 'detail' in outcome ? outcome.detail : 'a truncated answer over TCP');
  }

  #isAnyAlive(asked: readonly Upstream[]): boolean {
    if (asked.some((upstream) => upstream.isAlive(this.#startedMs))) return true;
    const isTelling = this.#parts.clock.monotonicMs() - this.#startedMs >= TELLING_SILENCE_MS;
    return !isTelling && asked.some((upstream) => !upstream.isDead);
  }
}

function failureOf(outcome: Reply | DnsTrouble): DnsCode {
  if (outcome.kind === 'failure') return outcome.code;
  if (outcome.kind === 'local') return 'LOCAL_FAILURE';
  // That is no word of a resolver: if no other one speaks, there is none.
  return outcome.kind === 'unreachable' ? 'NO_RESOLVER' : 'BAD_REPLY';
}

/** A resolver that is known to be silent would cost every question its share of the time. */
function livingFirst(upstreams: readonly Upstream[]): readonly Upstream[] {
  if (!upstreams.some((one) => one.isDead)) return upstreams;
  for (const one of upstreams) if (one.isDead) one.visitGrave();
  return [...upstreams.filter((one) => !one.isDead), ...upstreams.filter((one) => one.isDead)];
}
