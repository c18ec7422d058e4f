/**
 * The way to one verifier: few requests are under way at a time, and what waits is bounded, so that a fleet that fails at
 * once is asked about in an orderly way. A request takes as long as the slowest site it asks about, so questions share
 * one only as far as there are more of them than room for requests.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { RemoteAnswer, RemoteQuestion, VerifierClient } from './client.ts';

export type LaneSettings = {
  /** How long a question waits, so that those that come together are spread together. */
  windowMs: number;
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
   * Answers once, at once when the question is turned away, and not later than a little after `deadlineMs`, which is on
   * the monotonic clock. The function it returns takes the question back without an answer; false when it is under way.
   */
  ask(question: RemoteQuestion, deadlineMs: number, answered: (answer: LaneAnswer) => void): TakeBack;
  stats(): { waiting: number; inFlight: number };
  /** Nothing waits and nothing is sent any more; what is under way is dropped without an answer. */
  stop(): void;
}

type Entry = {
  question: RemoteQuestion;
  sendByMs: number;
  deadlineMs: number;
  answered: (answer: LaneAnswer) => void;
};

export function createLane(deps: { client: VerifierClient; clock: Clock; settings: LaneSettings }): Lane {
  const { client, clock, settings } = deps;
  /** By time-out, since a batch takes as long as its slowest; each in the order they came. */
  const queues = new Map<number, Set<Entry>>();
  const underWay = new Set<{ controller: AbortController; timer: Timer }>();
  let waiting = 0;
  let flushing: Timer | null = null;
  let isStopped = false;

  function leave(entry: Entry): boolean {
    const queue = queues.get(entry.question.timeoutMs);
    if (queue?.delete(entry) !== true) return false;
    waiting -= 1;
    if (queue.size === 0) queues.delete(entry.question.timeoutMs);
    return true;
  }

  /** So that what waits takes half of the room there is: the other half is for what comes while these are under way. */
  function batchSize(): number {
    const room = Math.max(1, Math.floor((settings.maxInFlight - underWay.size) / 2));
    return Math.min(settings.maxBatch, Math.ceil(waiting / room));
  }

  /** The next request, which may be empty: the queue whose turn it is goes to the end of the line. */
  function nextBatch(size: number): Entry[] {
    const nowMs = clock.monotonicMs();
    const batch: Entry[] = [];
    for (const [timeoutMs, queue] of queues) {
      const late: Entry[] = [];
      for (const entry of queue) {
        if (batch.length === size) break;
        if (entry.sendByMs < nowMs) late.push(entry);
        else batch.push(entry);
      }
      for (const entry of [...late, ...batch]) leave(entry);
      if (queue.size > 0 && queues.delete(timeoutMs)) queues.set(timeoutMs, queue);
      for (const entry of late) entry.answered(overloaded('it waited too long to be answered in time'));
      break;
    }
    return batch;
  }

  function flush(): void {
    flushing?.cancel();
    flushing = null;
    const size = batchSize();
    while (!isStopped && waiting > 0 && underWay.size < settings.maxInFlight) {
      const batch = nextBatch(size);
      if (batch.length > 0) send(batch);
    }
  }

  function send(batch: readonly Entry[]): void {
    const controller = new AbortController();
    const untilMs = Math.max(...batch.map(({ deadlineMs }) => deadlineMs));
    const request = { controller, timer: clock.after(untilMs - clock.monotonicMs(), () => controller.abort()) };
    underWay.add(request);
    const done = (answerOf: (at: number) => LaneAnswer) => {
      // Whatever comes first: the reply, or the end of the time for it.
      if (!underWay.delete(request)) return;
      request.timer.cancel();
      for (const [at, entry] of batch.entries()) entry.answered(answerOf(at));
      flush();
    };
    const failed = (reason: 'timeout' | 'malformed' | 'unreachable', detail: string) =>
      done(() => ({ kind: 'failed', reason, detail, tookMs: 0 }));
    controller.signal.addEventListener('abort', () => failed('timeout', 'no reply in time'), { once: true });
    askClient(batch, controller.signal).then(
      (answers) => {
        // A reply that is too short or too long fits nothing that was asked.
        if (answers.length !== batch.length)
          failed('malformed', `${answers.length} answers to ${batch.length} questions`);
        else done((at) => answers[at] ?? { kind: 'failed', reason: 'malformed', detail: 'no answer', tookMs: 0 });
      },
      (error: unknown) => failed('unreachable', String(error)),
    );
  }

  async function askClient(batch: readonly Entry[], signal: AbortSignal): Promise<readonly RemoteAnswer[]> {
    return client.ask(
      batch.map(({ question }) => question),
      signal,
    );
  }

  return {
    ask(question, deadlineMs, answered) {
      if (isStopped || waiting >= settings.capacity) {
        answered(overloaded(`${waiting} questions wait already`));
        return () => false;
      }
      const sendByMs = clock.monotonicMs() + settings.maxWaitMs;
      const entry = { question, sendByMs, deadlineMs, answered };
      const queue = queues.get(question.timeoutMs);
      if (queue === undefined) queues.set(question.timeoutMs, new Set([entry]));
      else queue.add(entry);
      waiting += 1;
      if ((queue?.size ?? 1) >= settings.maxBatch) flush();
      else flushing ??= clock.after(settings.windowMs, flush);
      return () => leave(entry);
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

function overloaded(detail: string): LaneAnswer {
  return { kind: 'failed', reason: 'overloaded', detail, tookMs: 0 };
}
