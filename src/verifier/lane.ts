/**
 * The way to one verifier: no more is under way at a time than it answers in time (pace.ts), and what waits is bounded, so
 * that a fleet that fails at once is asked about in an orderly way. A request takes as long as the slowest site it asks
 * about, so few questions go each alone; those about sites that may hang have a lane of their own (lanes.ts).
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { RemoteAnswer, RemoteQuestion, VerifierClient } from './client.ts';
import { VERIFIER_BUSY } from './finding.ts';
import { createPace, DEFAULT_REQUEST_PACE, type RequestPace } from './pace.ts';

export type LaneSettings = {
  /** How long a question waits, so that those that come together are spread together. */
  windowMs: number;
  /** The same while many come, so that requests are full. */
  fullWindowMs: number;
  /** Most questions in one request. */
  maxBatch: number;
  /** Requests under way at a time. */
  maxInFlight: number;
  requestPace: RequestPace;
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
  requestPace: DEFAULT_REQUEST_PACE,
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
  hasRoom(): boolean;
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

type Entry = {
  question: RemoteQuestion;
  /** Its time-out. */
  queue: number;
  sendByMs: number;
  deadlineMs: number;
  answered: (answer: LaneAnswer) => void;
};

export type LaneDeps = { client: VerifierClient; clock: Clock; settings: LaneSettings };

export function createLane(deps: LaneDeps): Lane {
  const { client, clock, settings } = deps;
  const { maxBatch, maxInFlight, requestPace } = settings;
  const pace = createPace({ least: maxBatch, most: maxBatch * maxInFlight, requestPace });
  /** By how long they may take, since a batch takes as long as its slowest; each in the order they came. */
  const queues = new Map<number, Set<Entry>>();
  const underWay = new Set<{ controller: AbortController; timer: Timer }>();
  let waiting = 0;
  /** Questions under way. */
  let asked = 0;
  /** How long the newest of them may take. */
  let lookMs = 0;
  let flushing: Timer | null = null;
  let isStopped = false;

  function leave(entry: Entry): boolean {
    const queue = queues.get(entry.queue);
    if (queue?.delete(entry) !== true) return false;
    waiting -= 1;
    if (queue.size === 0) queues.delete(entry.queue);
    return true;
  }

  /** So that what waits takes half of the room there is: the other half is for what comes while these are under way. */
  function batchSize(requests: number): number {
    const room = Math.min(requests, Math.floor((maxInFlight - underWay.size) / 2));
    return Math.min(maxBatch, Math.ceil(waiting / Math.max(1, room)));
  }

  /** The next request, which may be empty: the queue whose turn it is goes to the end of the line. */
  function nextBatch(size: number): Entry[] {
    const nowMs = clock.monotonicMs();
    const batch: Entry[] = [];
    for (const [key, queue] of queues) {
      const late: Entry[] = [];
      for (const entry of queue) {
        if (batch.length === size) break;
        if (entry.sendByMs < nowMs) late.push(entry);
        else batch.push(entry);
      }
      for (const entry of [...late, ...batch]) leave(entry);
      if (queue.size > 0 && queues.delete(key)) queues.set(key, queue);
      for (const entry of late) entry.answered(overloaded('it waited too long to be answered in time'));
      break;
    }
    return batch;
  }

  function flush(): void {
    flushing?.cancel();
    flushing = null;
    const requests = pace.requests(clock.monotonicMs(), lookMs);
    const spread = batchSize(requests);
    for (let left = requests; !isStopped && waiting > 0 && underWay.size < maxInFlight; left -= 1) {
      if (left <= 0 && waiting < maxBatch) {
        flushing = clock.after(settings.fullWindowMs, flush);
        return;
      }
      const size = Math.min(waiting, left > 0 ? spread : maxBatch);
      const room = pace.questions() - asked;
      // Not in bits: the room that a request leaves is that of a request.
      if (room < size && asked > 0) return;
      const batch = nextBatch(Math.min(size, room));
      if (batch.length === 0) continue;
      if (left > 0) pace.sent();
      send(batch);
    }
  }

  function send(batch: readonly Entry[]): void {
    const controller = new AbortController();
    const sentMs = clock.monotonicMs();
    const untilMs = Math.max(...batch.map(({ deadlineMs }) => deadlineMs));
    const request = { controller, timer: clock.after(untilMs - sentMs, () => controller.abort()) };
    underWay.add(request);
    asked += batch.length;
    lookMs = Math.max(...batch.map(({ question }) => question.timeoutMs));
    const done = (answers: readonly LaneAnswer[]) => {
      // Whatever comes first: the reply, or the end of the time for it.
      if (!underWay.delete(request)) return;
      request.timer.cancel();
      asked -= batch.length;
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
    let longestMs = 0;
    let isTimed = true;
    for (const answer of answers) {
      if (answer.kind === 'failed') {
        if (answer.reason === 'timeout' || answer.reason === 'refused') pace.overloaded(sentMs, nowMs);
        return;
      }
      if (answer.reason === VERIFIER_BUSY) {
        pace.overloaded(sentMs, nowMs);
        return;
      }
      if (answer.rttMs === null) isTimed = false;
      else longestMs = Math.max(longestMs, answer.rttMs);
    }
    // That machine stood still meanwhile: how long its looks took is not known, so neither is how long they waited.
    if (!isTimed) return;
    const wasShort = waiting > 0;
    pace.answered(answers.length, nowMs - sentMs - longestMs, sentMs, nowMs, wasShort);
  }

  async function askClient(batch: readonly Entry[], signal: AbortSignal): Promise<readonly RemoteAnswer[]> {
    return client.ask(
      batch.map(({ question }) => question),
      signal,
    );
  }

  return {
    ask(question, { deadlineMs }, answered) {
      if (isStopped || waiting >= settings.capacity) {
        answered(overloaded(`${waiting} questions wait already`));
        return () => false;
      }
      const sendByMs = clock.monotonicMs() + settings.maxWaitMs;
      const key = question.timeoutMs;
      const entry = { question, queue: key, sendByMs, deadlineMs, answered };
      const queue = queues.get(key);
      if (queue === undefined) queues.set(key, new Set([entry]));
      else queue.add(entry);
      waiting += 1;
      if ((queue?.size ?? 1) >= maxBatch) flush();
      else flushing ??= clock.after(settings.windowMs, flush);
      return () => leave(entry);
    },
    // While what is under way hangs, what waits is not sent in its time: one batch may, so that the pace is seen to be short.
    hasRoom: () => {
      if (underWay.size >= maxInFlight) return waiting < maxBatch;
      const questions = pace.questions();
      return waiting < Math.max(maxBatch, questions / 2) && waiting + asked < questions + maxBatch;
    },
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
