/**
 * The way to one verifier: no more is under way at a time than it answers in time (pace.ts), and what waits is bounded, so
 * that a fleet that fails at once is asked about in an orderly way. A request takes as long as the slowest site it asks
 * about, so those that may hang share none with others, and few questions go each alone.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { RemoteAnswer, RemoteQuestion, VerifierClient } from './client.ts';
import { VERIFIER_BUSY } from './finding.ts';
import { createPace } from './pace.ts';
import { createRoom } from './room.ts';

export type LaneSettings = {
  /** How long a question waits, so that those that come together are spread together. */
  windowMs: number;
  /** The same while many come, so that requests are full. */
  fullWindowMs: number;
  /** Most questions in one request. */
  maxBatch: number;
  /** Requests under way at a time. */
  maxInFlight: number;
  /** Questions that wait; the next one is turned away. */
  capacity: number;
  /** One that waited longer is turned away, too: it would take the place of one that can still be answered in time. */
  maxWaitMs: number;
};

/** Within what one verifier takes, with room for other monitors. */
export const DEFAULT_LANE: LaneSettings = {
  windowMs: 20,
  fullWindowMs: 50,
  maxBatch: 50,
  maxInFlight: 48,
  capacity: 20_000,
  maxWaitMs: 2_000,
};

/** `overloaded`: it was never asked, because too much waits for this verifier already. */
export type LaneAnswer = RemoteAnswer | { kind: 'failed'; reason: 'overloaded'; detail: string; tookMs: number };

export type TakeBack = () => boolean;

export interface Lane {
  /**
   * Answers once, at once when the question is turned away, and not later than a little after its deadline. The function
   * it returns takes the question back without an answer; false when it is under way.
   */
  ask(question: RemoteQuestion, how: HowAsked, answered: (answer: LaneAnswer) => void): TakeBack;
  /** Whether what is asked now will be sent soon. */
  hasRoom(mayHang: boolean): boolean;
  stats(): { waiting: number; inFlight: number };
  /** Nothing waits and nothing is sent any more; what is under way is dropped without an answer. */
  stop(): void;
}

export type HowAsked = {
  /** On the monotonic clock. */
  deadlineMs: number;
  /** The site gave no answer to us, so that the look is likely to take all of its time. */
  mayHang: boolean;
};

/** Questions that may take as long as each other, since a batch takes as long as its slowest; in the order they came. */
type Queue = { key: string; mayHang: boolean; entries: Set<Entry> };

type Entry = {
  question: RemoteQuestion;
  queue: Queue;
  sendByMs: number;
  deadlineMs: number;
  answered: (answer: LaneAnswer) => void;
};

export function createLane(deps: { client: VerifierClient; clock: Clock; settings: LaneSettings }): Lane {
  const { client, clock, settings } = deps;
  const { maxBatch, maxInFlight } = settings;
  const pace = createPace({ least: maxBatch, most: maxBatch * maxInFlight });
  const room = createRoom({ requests: maxInFlight, batch: maxBatch, questions: pace.questions });
  const queues = new Map<string, Queue>();
  const underWay = new Set<{ controller: AbortController; timer: Timer }>();
  let waiting = 0;
  let flushing: Timer | null = null;
  let isStopped = false;

  function leave(entry: Entry): boolean {
    const { key, entries } = entry.queue;
    if (!entries.delete(entry)) return false;
    waiting -= 1;
    if (entries.size === 0) queues.delete(key);
    return true;
  }

  function queueFor({ timeoutMs }: RemoteQuestion, mayHang: boolean): Queue {
    const key = `${timeoutMs} ${mayHang}`;
    const queue = queues.get(key) ?? { key, mayHang, entries: new Set() };
    queues.set(key, queue);
    return queue;
  }

  function waitingOf(mayHang: boolean): number {
    let sum = 0;
    for (const queue of queues.values()) if (queue.mayHang === mayHang) sum += queue.entries.size;
    return sum;
  }

  /** So that what waits takes half of the room there is: the other half is for what comes while these are under way. */
  function batchSize(requests: number): number {
    const room = Math.min(requests, Math.floor((maxInFlight - underWay.size) / 2));
    return Math.min(maxBatch, Math.ceil(waiting / Math.max(1, room)));
  }

  /** The first in line for which there is room, and how many of it; it goes to the end of the line. */
  function nextQueue(size: number): { queue: Queue; size: number } | null {
    for (const queue of queues.values()) {
      const fitting = room.forRequest(queue.mayHang, size);
      if (fitting === 0) continue;
      queues.delete(queue.key);
      queues.set(queue.key, queue);
      return { queue, size: fitting };
    }
    return null;
  }

  /** Out of the queue; those that waited too long are told so, and none may be left. */
  function takeBatch({ entries }: Queue, size: number): Entry[] {
    const nowMs = clock.monotonicMs();
    const batch: Entry[] = [];
    const late: Entry[] = [];
    for (const entry of entries) {
      if (batch.length === size) break;
      if (entry.sendByMs < nowMs) late.push(entry);
      else batch.push(entry);
    }
    for (const entry of [...late, ...batch]) leave(entry);
    for (const entry of late) entry.answered(overloaded('it waited too long to be answered in time'));
    return batch;
  }

  function flush(): void {
    flushing?.cancel();
    flushing = null;
    const requests = pace.requests(clock.monotonicMs());
    const spread = batchSize(requests);
    for (let left = requests; !isStopped && waiting > 0; left -= 1) {
      if (left <= 0 && waiting < maxBatch) {
        flushing = clock.after(settings.fullWindowMs, flush);
        return;
      }
      const next = nextQueue(Math.min(waiting, left > 0 ? spread : maxBatch));
      if (next === null) return;
      const batch = takeBatch(next.queue, next.size);
      if (batch.length === 0) continue;
      if (left > 0) pace.sent();
      send(batch, next.queue.mayHang);
    }
  }

  function send(batch: readonly Entry[], mayHang: boolean): void {
    const controller = new AbortController();
    const sentMs = clock.monotonicMs();
    const untilMs = Math.max(...batch.map(({ deadlineMs }) => deadlineMs));
    const request = { controller, timer: clock.after(untilMs - sentMs, () => controller.abort()) };
    underWay.add(request);
    const over = room.take(mayHang, batch.length);
    const done = (answers: readonly LaneAnswer[]) => {
      // Whatever comes first: the reply, or the end of the time for it.
      if (!underWay.delete(request)) return;
      request.timer.cancel();
      over();
      learn(answers, sentMs);
      for (const [at, entry] of batch.entries()) entry.answered(answers[at] ?? NO_ANSWER);
      flush();
    };
    const failed = (reason: 'timeout' | 'malformed' | 'unreachable', detail: string) =>
      done(batch.map(() => ({ kind: 'failed', reason, detail, tookMs: 0 })));
    controller.signal.addEventListener('abort', () => failed('timeout', 'no reply in time'), { once: true });
    askClient(batch, controller.signal).then(
      (answers) => {
        // A reply that is too short or too long fits nothing that was asked.
        if (answers.length !== batch.length)
          failed('malformed', `${answers.length} answers to ${batch.length} questions`);
        else done(answers);
      },
      (error: unknown) => failed('unreachable', String(error)),
    );
  }

  /** How long it took beyond the slowest of its looks is how long they waited over there. */
  function learn(answers: readonly LaneAnswer[], sentMs: number): void {
    const nowMs = clock.monotonicMs();
    let lookMs = 0;
    for (const answer of answers) {
      if (answer.kind === 'failed') {
        if (answer.reason === 'timeout' || answer.reason === 'refused') pace.overloaded(sentMs, nowMs);
        return;
      }
      if (answer.reason === VERIFIER_BUSY) {
        pace.overloaded(sentMs, nowMs);
        return;
      }
      // That machine stood still meanwhile: how long the look took is not known, so neither is how long it waited.
      if (answer.rttMs === null) return;
      lookMs = Math.max(lookMs, answer.rttMs);
    }
    const wasShort = waiting > 0;
    pace.answered(answers.length, nowMs - sentMs - lookMs, sentMs, nowMs, wasShort);
  }

  async function askClient(batch: readonly Entry[], signal: AbortSignal): Promise<readonly RemoteAnswer[]> {
    return client.ask(
      batch.map(({ question }) => question),
      signal,
    );
  }

  return {
    ask(question, { deadlineMs, mayHang }, answered) {
      if (isStopped || waiting >= settings.capacity) {
        answered(overloaded(`${waiting} questions wait already`));
        return () => false;
      }
      const sendByMs = clock.monotonicMs() + settings.maxWaitMs;
      const queue = queueFor(question, mayHang);
      const entry = { question, queue, sendByMs, deadlineMs, answered };
      queue.entries.add(entry);
      waiting += 1;
      if (queue.entries.size >= maxBatch) flush();
      else flushing ??= clock.after(settings.windowMs, flush);
      return () => leave(entry);
    },
    hasRoom: (mayHang) => room.isSoon(mayHang, waitingOf(mayHang)),
    stats: () => ({ waiting, inFlight: underWay.size }),
    stop() {
      isStopped = true;
      flushing?.cancel();
      queues.clear();
      waiting = 0;
      const dropped = [...underWay];
      underWay.clear();
      for (const { controller, timer } of dropped) {
        timer.cancel();
        controller.abort();
      }
    },
  };
}

const NO_ANSWER: LaneAnswer = { kind: 'failed', reason: 'malformed', detail: 'no answer', tookMs: 0 };

function overloaded(detail: string): LaneAnswer {
  return { kind: 'failed', reason: 'overloaded', detail, tookMs: 0 };
}
