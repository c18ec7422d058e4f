/**
 * Trouble of our own as events of its own, one for each trouble, so that whoever reads the log can tell it from that of
 * sites. They belong to no site: their site id is 0. Telling is cheap; what is told is written in the background.
 */
import type { SiteId } from '../../domain/ids.ts';
import type { Mutation } from '../../domain/mutation.ts';
import { EVERY_SITE } from '../../domain/site-scope.ts';
import { severityOf } from '../../domain/state.ts';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { EventQueries } from '../../store/event-queries.ts';
import type { EventIdentity } from '../../store/event-records.ts';
import type { EventStore } from '../../store/events.ts';
import type { Log } from '../../telemetry/log.ts';

/** `check_type` of events about the monitor itself. */
export const MONITOR_CHECK = 'monitor';

export type TroubleKind =
  | 'prober_stalled'
  | 'network_unproven'
  | 'mass_failure'
  | 'clock_jumped'
  | 'references_failing'
  | 'no_network'
  | 'no_resolver'
  | 'out_of_resources'
  | 'hosts_crowded'
  | 'prober_failed'
  | 'verifiers_silent'
  | 'verifier_quarantined';
/** The discriminator of the event. What there can be several of carries its own name, such as that of a verifier. */
export type TroubleName = TroubleKind | `${TroubleKind}:${string}`;

export type Trouble = {
  state: 'Warning' | 'Degraded' | 'Down';
  /** One plain sentence. */
  summary: string;
  /** What to do about it. */
  advice: string;
  /** Small facts, in snake case, such as how many targets are affected. The newest are told when it ends. */
  facts?: Readonly<Record<string, string | number | boolean>>;
};

export interface OperatorEvents {
  /** Ends what the last process complained of: this one has seen nothing yet. */
  start(): Promise<void>;
  /** It is there. May be said any number of times. */
  raise(name: TroubleName, trouble: Trouble): void;
  /** It is not there any more: its event ends when nobody raises it for a minute. May be said of what never was. */
  calm(name: TroubleName): void;
  /** What is there right now, by name. */
  open(): readonly TroubleName[];
  /** Resolves when all that was told was written, or tried once more. Never rejects. */
  flush(): Promise<void>;
  /** Nothing more ends or is tried again by itself. */
  stop(): void;
}

/** So long without it, and it is over. */
export const CALM_AFTER_MS = 60_000;
const RETRY_AFTER_MS = 5_000;
/** Names are few; what a mistake could make of them is bounded. */
const MOST_NAMES = 1_000;
const MOST_OPEN_BEFORE = 1_000;

type Ongoing = {
  name: TroubleName;
  trouble: Trouble;
  sinceMs: number;
  raisedMs: number;
  isCalm: boolean;
  /** The state that stands in the log; null: nothing does. */
  written: Trouble['state'] | null;
  timer: Timer | null;
};

export function createOperatorEvents(parts: {
  events: Pick<EventStore, 'append'>;
  eventQueries: Pick<EventQueries, 'list'>;
  clock: Clock;
  log: Log;
  newOpId(): string;
}): OperatorEvents {
  const { clock, log } = parts;
  const ongoing = new Map<TroubleName, Ongoing>();
  let writing: Promise<void> = Promise.resolve();
  let retry: Timer | null = null;
  let stopped = false;

  async function append(name: string, mutation: Mutation, metadata: object): Promise<void> {
    await parts.events.append({
      identity: identityOf(name),
      mutations: [mutation],
      failing: null,
      opId: parts.newOpId(),
      epoch: 0,
      atMs: clock.nowMs(),
      source: 'local',
      metadata,
      project: false,
      onlyWhileWatching: null,
    });
  }

  const isOver = (one: Ongoing) => one.isCalm && clock.monotonicMs() - one.raisedMs >= CALM_AFTER_MS;

  /** What the log does not say yet; null: nothing. */
  function change({ trouble: { state }, written, sinceMs }: Ongoing, over: boolean): Mutation | null {
    if (over) return written === null ? null : { op: 'close', reason: 'probe_cleared' };
    if (written === null) return { op: 'open', state, startedAtMs: sinceMs, reason: 'opened' };
    if (written === state) return null;
    const isWorse = severityOf(state) > severityOf(written);
    return { op: 'promote', state, reason: isWorse ? 'severity_escalation' : 'severity_deescalation' };
  }

  async function write(one: Ongoing): Promise<void> {
    const over = isOver(one);
    const mutation = change(one, over);
    const { state } = one.trouble;
    if (mutation !== null) await append(one.name, mutation, metadataOf(one, over));
    one.written = over ? null : state;
    if (!over) return;
    if (isOver(one)) {
      one.timer?.cancel();
      ongoing.delete(one.name);
    } else {
      // It was raised again while its end was written.
      one.sinceMs = clock.nowMs();
      await write(one);
    }
  }

  async function writeAll(): Promise<void> {
    retry?.cancel();
    retry = null;
    for (const one of [...ongoing.values()]) {
      if (change(one, isOver(one)) === null && !isOver(one)) continue;
      try {
        await write(one);
      } catch (error) {
        log.warn({ err: error, trouble: one.name }, 'trouble of our own could not be written; it is tried again');
        if (!stopped) retry ??= clock.after(RETRY_AFTER_MS, writeSoon);
      }
    }
  }

  function writeSoon(): void {
    writing = writing.then(writeAll);
  }

  /** Ends it when it stays calm. */
  function endLater(one: Ongoing): void {
    one.timer?.cancel();
    const waitMs = CALM_AFTER_MS - (clock.monotonicMs() - one.raisedMs);
    if (waitMs <= 0) writeSoon();
    else one.timer = clock.after(waitMs, writeSoon);
  }

  return {
    async start() {
      const left = await parts.eventQueries.list(EVERY_SITE, {
        checkTypes: [MONITOR_CHECK],
        active: true,
        limit: MOST_OPEN_BEFORE,
      });
      for (const { discriminator } of left) {
        const ended = { reason: 'ok', summary: 'the server was started anew and has not seen it since' };
        await append(discriminator ?? '', { op: 'close', reason: 'probe_cleared' }, ended);
      }
    },
    raise(name, trouble) {
      const nowMs = clock.monotonicMs();
      const known = ongoing.get(name);
      if (known !== undefined) {
        const isChanged = known.trouble.state !== trouble.state;
        Object.assign(known, { trouble, raisedMs: nowMs, isCalm: false });
        known.timer?.cancel();
        if (isChanged) writeSoon();
        return;
      }
      if (ongoing.size >= MOST_NAMES) return;
      log.warn({ trouble: name, ...trouble.facts }, trouble.summary);
      ongoing.set(name, {
        ...{ name, trouble, sinceMs: clock.nowMs(), raisedMs: nowMs },
        ...{ isCalm: false, written: null, timer: null },
      });
      writeSoon();
    },
    calm(name) {
      const one = ongoing.get(name);
      if (one === undefined || one.isCalm) return;
      one.isCalm = true;
      endLater(one);
    },
    open: () => [...ongoing.keys()],
    async flush() {
      writeSoon();
      await writing;
    },
    stop() {
      stopped = true;
      retry?.cancel();
      for (const { timer } of ongoing.values()) timer?.cancel();
    },
  };
}

function identityOf(name: string): EventIdentity {
  const discriminator = name.slice(0, MAX_NAME_LENGTH).toWellFormed().replaceAll('\0', '').trimEnd();
  return { siteId: 0n as SiteId, endpointId: null, checkType: MONITOR_CHECK, discriminator };
}

/** What the log takes. */
const MAX_NAME_LENGTH = 128;

function metadataOf({ name, trouble, sinceMs }: Ongoing, over: boolean): object {
  const since = new Date(sinceMs).toISOString();
  const [kind] = name.split(':', 1);
  return over
    ? { reason: 'ok', summary: `over: ${trouble.summary}`, since, ...trouble.facts }
    : { reason: kind, summary: trouble.summary, advice: trouble.advice, since, ...trouble.facts };
}
