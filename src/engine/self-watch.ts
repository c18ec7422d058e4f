/**
 * Trouble of our own as an event of its own, so that whoever reads the log can tell it from that of sites. It belongs to
 * no site: its site id is 0.
 */
import type { SiteId } from '../domain/ids.ts';
import type { Mutation } from '../domain/mutation.ts';
import type { Clock } from '../lib/clock.ts';
import type { ProberStats } from '../prober/prober.ts';
import type { EventIdentity } from '../store/event-records.ts';
import type { EventStore } from '../store/events.ts';
import type { Log } from '../telemetry/log.ts';

export interface SelfWatch {
  /** Ends what the last process complained of: this one has seen nothing yet. */
  start(): Promise<void>;
  /** Looks at how the prober fared since the last look, and writes what changed. Rejects when it could not be written. */
  look(stats: ProberStats): Promise<void>;
}

/** `check_type` of events about the monitor itself. */
export const MONITOR_CHECK = 'monitor';
const IDENTITY: EventIdentity = {
  siteId: 0n as SiteId,
  endpointId: null,
  checkType: MONITOR_CHECK,
  discriminator: 'prober_stalled',
};
/** So long without a stalled check, and it is over. */
const CALM_AFTER_MS = 60_000;

export function createSelfWatch(parts: {
  events: Pick<EventStore, 'append' | 'isOpen'>;
  clock: Clock;
  log: Log;
  newOpId(): string;
}): SelfWatch {
  const { clock, log } = parts;
  let before: Pick<ProberStats, 'stalled' | 'visits' | 'voided'> = { stalled: 0, visits: 0, voided: 0 };
  let isOpen = false;
  let lastStallMs = clock.monotonicMs();

  async function append(mutation: Mutation, metadata: object): Promise<void> {
    await parts.events.append({
      identity: IDENTITY,
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

  async function open(facts: object): Promise<void> {
    const summary = 'checks stay without a verdict, because this machine pauses while they run';
    const advice = 'Give the machine that runs the monitor more CPU, and keep it from being suspended.';
    log.warn(facts, summary);
    const startedAtMs = clock.nowMs();
    await append(
      { op: 'open', state: 'Warning', startedAtMs, reason: 'opened' },
      { reason: 'prober_stalled', summary, advice, ...facts },
    );
  }

  async function close(): Promise<void> {
    await append(
      { op: 'close', reason: 'probe_cleared' },
      { reason: 'ok', summary: 'checks are not stalled any more' },
    );
  }

  return {
    async start() {
      if (await parts.events.isOpen(IDENTITY)) await close();
    },
    async look(stats) {
      const stalled = stats.stalled - before.stalled;
      const visits = stats.visits - before.visits;
      const voided = stats.voided - before.voided;
      if (stalled > 0) {
        lastStallMs = clock.monotonicMs();
        if (!isOpen) await open({ stalled_checks: stalled, void_runs: voided, runs: visits });
        isOpen = true;
      } else if (isOpen && clock.monotonicMs() - lastStallMs >= CALM_AFTER_MS) {
        await close();
        isOpen = false;
      }
      // Only now: what could not be written is looked at again.
      before = stats;
    },
  };
}
