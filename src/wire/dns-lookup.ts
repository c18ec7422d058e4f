/**
 * The addresses of one name, for everybody who asks for it at the same time: both families in parallel, one of them
 * waiting a little for the other. Every caller keeps its own deadline; the last one to give up ends the questions.
 */
import type { Timer } from '../lib/clock.ts';
import { buildQuery, MAX_ALIASES, type Query } from './dns-message.ts';
import type { Patience, Waiting } from './dns-patience.ts';
import { type Answer, type Answered, Question, type QuestionParts, type TimeLimit } from './dns-question.ts';
import type { Upstream } from './dns-upstream.ts';
import type { DnsCode } from './exchange.ts';

/** What is found out about a name. */
export type Finding = {
  addresses: string[];
  /** Why there are none; without meaning where there are some. */
  code: DnsCode;
  detail: string;
  /** For how long it may be kept; 0 for not at all. */
  ttlS: number;
  /** Who said so, or who was asked in vain. */
  by: readonly Upstream[];
};

export type LookupParts = QuestionParts & {
  upstreams: readonly Upstream[];
  /** For how long one family's addresses wait for the other family's answer. */
  patience: Patience;
};

type Waiter = { done: (finding: Finding) => void; timer: Timer | null };

export class Lookup implements Waiting {
  readonly #parts: LookupParts;
  readonly #limit: TimeLimit;
  readonly #onEnd: (finding: Finding) => void;
  #waiters: Waiter[] = [];
  readonly #v4: Family;
  readonly #v6: Family;
  #isOver = false;

  /** `onEnd` is called once, before those who wait are told: nothing is asked any more. */
  constructor(query: Query, deadlineMs: number, parts: LookupParts, onEnd: (finding: Finding) => void) {
    this.#parts = parts;
    this.#limit = { untilMs: deadlineMs };
    this.#onEnd = onEnd;
    this.#v4 = new Family(query, parts, this.#limit, this);
    this.#v6 = new Family({ ...query, type: 'AAAA' }, parts, this.#limit, this);
  }

  /** Calls `done` once, at the deadline at the latest. */
  join(deadlineMs: number, done: (finding: Finding) => void): void {
    const waiter: Waiter = { done, timer: null };
    waiter.timer = this.#parts.deadlines.at(deadlineMs, () => this.#giveUp(waiter));
    this.#waiters.push(waiter);
    if (deadlineMs > this.#limit.untilMs) this.#limit.untilMs = deadlineMs;
    else if (deadlineMs < this.#limit.untilMs) {
      this.#v4.hurry();
      this.#v6.hurry();
    }
  }

  /** Ends everything without an answer. */
  stop(): void {
    this.#settle({ addresses: [], code: 'LOCAL_FAILURE', detail: 'the DNS client was closed', ttlS: 0, by: [] });
  }

  onPatienceEnd(): void {
    this.#conclude();
  }

  /** One of the families has its answer. */
  onAnswer(): void {
    const isFound = this.#v4.hasAddresses || this.#v6.hasAddresses;
    if (this.#v4.answer === null || this.#v6.answer === null) {
      if (isFound) this.#parts.patience.begin(this);
      return;
    }
    // Both must be called: each family follows its own aliases.
    const follows = isFound ? [] : [this.#v4.followAlias(), this.#v6.followAlias()];
    if (!follows.includes(true)) this.#conclude();
  }

  #giveUp(waiter: Waiter): void {
    const finding = { ...this.#finding(), ttlS: 0 };
    if (this.#waiters.length === 1) {
      this.#settle(finding);
      return;
    }
    this.#waiters = this.#waiters.filter((other) => other !== waiter);
    waiter.done(finding);
  }

  #conclude(): void {
    this.#settle(this.#finding());
  }

  #settle(finding: Finding): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#parts.patience.done(this);
    this.#v4.stop();
    this.#v6.stop();
    Object.freeze(finding.addresses);
    this.#onEnd(finding);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { done, timer } of waiters) {
      timer?.cancel();
      this.#tell(done, finding);
    }
  }

  /** One that throws is a mistake of ours: it is thrown on by itself, and the others are still told. */
  #tell(done: (finding: Finding) => void, finding: Finding): void {
    try {
      done(finding);
    } catch (error) {
      this.#parts.clock.after(0, () => {
        throw error;
      });
    }
  }

  #finding(): Finding {
    return combine(this.#v4.current(), this.#v6.current());
  }
}

/** One family's question, and those for the names that its aliases lead to. */
class Family implements Answered {
  answer: Answer | null = null;
  readonly #parts: LookupParts;
  readonly #limit: TimeLimit;
  readonly #lookup: Lookup;
  readonly #type: Query['type'];
  #question: Question;
  #aliases = 0;

  constructor(query: Query, parts: LookupParts, limit: TimeLimit, lookup: Lookup) {
    this.#parts = parts;
    this.#limit = limit;
    this.#lookup = lookup;
    this.#type = query.type;
    this.#question = this.#ask(query);
  }

  get hasAddresses(): boolean {
    return this.answer?.kind === 'addresses';
  }

  /** The answer, or what silence means by now. */
  current(): Answer {
    return this.answer ?? this.#question.silence();
  }

  /** Asks for the name an alias led to, where the answer said nothing of it. */
  followAlias(): boolean {
    const answer = this.answer;
    if (answer?.kind !== 'nothing' || answer.openAlias === null) return false;
    this.#aliases += answer.openAlias.depth;
    const query = this.#aliases > MAX_ALIASES ? null : buildQuery(this.#type, answer.openAlias.target);
    if (query === null) {
      this.answer = { kind: 'failure', code: 'BAD_REPLY', detail: 'an alias that cannot be followed', by: answer.by };
      return false;
    }
    this.answer = null;
    this.#question = this.#ask(query);
    return true;
  }

  hurry(): void {
    if (this.answer === null) this.#question.hurry();
  }

  stop(): void {
    this.#question.stop();
  }

  #ask(query: Query): Question {
    return new Question(this.#parts, query, this.#parts.upstreams, this.#limit, this);
  }

  onAnswer(answer: Answer): void {
    this.answer = this.#aliases === 0 ? answer : asOfAlias(answer);
    this.#lookup.onAnswer();
  }
}

/** The name itself exists, it is an alias: one that leads to nothing has no address. */
function asOfAlias(answer: Answer): Answer {
  return answer.kind === 'nothing' ? { ...answer, code: 'NODATA', ttlS: null } : answer;
}

/** Doubt first: a name is only called absent when neither family's answer leaves it open. */
const TELLING_ORDER: readonly DnsCode[] = [
  'LOCAL_FAILURE',
  'NO_RESOLVER',
  'TIMEOUT',
  'SERVFAIL',
  'REFUSED',
  'BAD_REPLY',
  'NXDOMAIN',
  'NODATA',
];

function combine(v4: Answer, v6: Answer): Finding {
  if (v4.kind !== 'addresses') return v6.kind === 'addresses' ? onlyIpv6(v4, v6) : nothingFound(v4, v6);
  const { addresses, ttlS, by } = v4;
  if (v6.kind === 'addresses') {
    const both = [...addresses, ...v6.addresses];
    return { addresses: both, code: 'NODATA', detail: '', ttlS: Math.min(ttlS, v6.ttlS), by: union(v4, v6) };
  }
  // A resolver that never answers for IPv6 costs its wait only as often as the answer for IPv4 runs out.
  const keptS = Math.min(ttlS, negativeTtlS(v6, Number.POSITIVE_INFINITY));
  return { addresses, code: 'NODATA', detail: '', ttlS: keptS, by };
}

/** It is not kept while there is doubt about IPv4, which is tried first. */
function onlyIpv6(v4: Answer, { addresses, ttlS, by }: Extract<Answer, { kind: 'addresses' }>): Finding {
  const keptS = v4.kind === 'failure' ? 0 : Math.min(ttlS, negativeTtlS(v4, Number.POSITIVE_INFINITY));
  return { addresses, code: 'NODATA', detail: '', ttlS: keptS, by };
}

function nothingFound(v4: Silence, v6: Silence): Finding {
  const code = TELLING_ORDER.find((one) => v4.code === one || v6.code === one) ?? 'BAD_REPLY';
  const telling = v4.code === code ? v4 : v6;
  const detail = telling.kind === 'failure' ? telling.detail : '';
  const ttlS = Math.min(negativeTtlS(v4, 0), negativeTtlS(v6, 0));
  return { addresses: [], code, detail, ttlS, by: union(v4, v6) };
}

type Silence = Exclude<Answer, { kind: 'addresses' }>;

/** RFC 2308: what nothing proves is not kept. */
function negativeTtlS(answer: Answer, otherwise: number): number {
  return answer.kind === 'nothing' ? (answer.ttlS ?? otherwise) : otherwise;
}

function union(one: Answer, other: Answer): readonly Upstream[] {
  const isSame = one.by.length === 1 && other.by.length === 1 && one.by[0] === other.by[0];
  return isSame ? one.by : [...new Set([...one.by, ...other.by])];
}
