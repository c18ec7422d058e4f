import { describe, expect, it } from 'vitest';
import {
  applied,
  changes,
  incident,
  knowing,
  NOTHING_KNOWN,
  POLICY,
  VERIFIED,
  verdictOf,
} from '../../test/kit/decisions.ts';
import { decide as decideAt } from './decide.ts';
import type { DecisionPolicy } from './decision-policy.ts';
import { withoutStart } from './flapping.ts';
import type { EventId } from './ids.ts';
import { type Known, NOTHING_RECENT, type OpenIncident } from './incident.ts';
import type { Verdict } from './verdict.ts';

const T0 = 1_000_000;

function decide(known: Known, verdict: Verdict, seenAtMs: number, nowMs: number, policy: DecisionPolicy = POLICY) {
  return decideAt(known, verdict, { seenAtMs, doneAtMs: nowMs, nowMs }, policy);
}

const down = verdictOf('Seems Down');
const up = verdictOf('Up');
const openAs = (...of: Parameters<typeof incident>) => knowing({ open: incident(of[0], of[1], of[2] ?? T0) });

describe('an outage', () => {
  it('opens Seems Down on the first failure and looks again 2 s after that was known', () => {
    const decision = decide(NOTHING_KNOWN, down, T0, T0 + 9_000);
    expect(changes(decision)).toEqual(['open Seems Down opened']);
    expect(decision.mutations[0]).toMatchObject({ startedAtMs: T0 });
    expect(decision.failing).toEqual({ sinceMs: T0, attempts: 1, knownMs: T0 + 9_000 });
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 11_000, timeoutMs: 5_000 });
  });

  it('counts the second failure without touching the log and looks again 5 s after the first was known', () => {
    const open: OpenIncident = {
      ...incident('Seems Down'),
      failing: { attempts: 1, sinceMs: T0, knownMs: T0 + 9_000 },
    };
    const decision = decide(knowing({ open }), down, T0 + 11_000, T0 + 11_050);
    expect(decision.mutations).toEqual([]);
    expect(decision.failing).toEqual({ sinceMs: T0, attempts: 2, knownMs: T0 + 9_000 });
    expect(decision.next).toEqual({ why: 'retry', atMs: T0 + 14_000, timeoutMs: 10_000 });
  });

  it('becomes Down with the failure that reaches the number of checks', () => {
    const decision = decide(openAs('Seems Down', 2), down, T0 + 5_000, T0 + 5_050);
    expect(changes(decision)).toEqual(['promote Down local_confirmed']);
    expect(decision.mutations[0]).toMatchObject({ verification: 'none_configured' });
    expect(decision.next).toEqual({ why: 'recovery', atMs: T0 + 5_050 + 15_000 });
  });

  it('is opened and confirmed at once when one check is enough', () => {
    const decision = decide(NOTHING_KNOWN, down, T0, T0, { ...POLICY, attemptsToConfirm: 1 });
    expect(changes(decision)).toEqual(['open Seems Down opened', 'promote Down local_confirmed']);
  });

  it('changes nothing while it stays Down, and looks for recovery every 15 s or at the interval, if that is shorter', () => {
    const decision = decide(openAs('Down', 3), down, T0, T0);
    expect(decision.mutations).toEqual([]);
    expect(decision.failing?.attempts).toBe(3);
    expect(decision.next).toEqual({ why: 'recovery', atMs: T0 + 15_000 });
    const quick = decide(openAs('Down', 3), down, T0, T0, { ...POLICY, intervalMs: 4_000 });
    expect(quick.next).toEqual({ why: 'recovery', atMs: T0 + 4_000 });
  });

  it('retries at once when the last attempt hung past the next due time', () => {
    expect(decide(openAs('Seems Down', 1), down, T0, T0 + 12_000).next).toMatchObject({
      why: 'retry',
      atMs: T0 + 12_000,
    });
  });

  it('counts its retries from now when the clock was set back behind the first failure', () => {
    const decision = decide(openAs('Seems Down', 1, T0 + 900_000), down, T0, T0 + 30);
    expect(decision.failing).toEqual({ sinceMs: T0 + 30, attempts: 2, knownMs: T0 + 30 });
    expect(decision.next).toMatchObject({ why: 'retry', atMs: T0 + 30 + 5_000 });
  });

  it('asks the verifiers as soon as the retries are used up, and is not Down on local evidence', () => {
    const decision = decide(openAs('Seems Down', 2), down, T0 + 5_000, T0 + 5_050, VERIFIED);
    expect(decision.mutations).toEqual([]);
    expect(decision.failing?.attempts).toBe(3);
    const next = { why: 'verify', askAtMs: T0 + 5_050, lookAtMs: T0 + 20_050, sinceMs: T0 };
    expect(decision.next).toEqual(next);
  });

  it('asks them again no sooner than 30 s after they could not tell, and writes nothing meanwhile', () => {
    const recent = { ...NOTHING_RECENT, verifiedAtMs: T0 + 8_000 };
    const decision = decide({ ...openAs('Seems Down', 3), recent }, down, T0 + 20_000, T0 + 20_000, VERIFIED);
    expect(decision).toMatchObject({ mutations: [], next: { why: 'verify', askAtMs: T0 + 38_000 } });
    expect(decision.failing?.attempts).toBe(3);
  });
});

describe('weak evidence', () => {
  const noName = verdictOf('Seems Down', 'name');
  const refused = verdictOf('Seems Down', 'refused');
  const lately = (recent: Partial<Known['recent']>) => knowing({ recent: { ...NOTHING_RECENT, ...recent } });

  it('is confirmed quietly: a name without an address opens nothing until the last retry fails', () => {
    const first = decide(NOTHING_KNOWN, noName, T0, T0);
    expect(first).toMatchObject({ mutations: [], failing: null, quiet: 'low_confidence_dns' });
    expect(first.suspicion).toMatchObject({ sinceMs: T0, attempts: 1 });
    expect(first.next).toMatchObject({ why: 'retry', atMs: T0 + 2_000 });
    const second = decide(knowing({ suspicion: first.suspicion }), noName, T0 + 2_000, T0 + 2_000);
    const third = decide(knowing({ suspicion: second.suspicion }), noName, T0 + 5_000, T0 + 5_000);
    expect(changes(third)).toEqual(['open Seems Down opened', 'promote Down local_confirmed']);
    expect(third.mutations[0]).toMatchObject({ startedAtMs: T0 });
    expect(third).toMatchObject({ suspicion: null, failing: { sinceMs: T0, attempts: 3 }, quiet: null });
  });

  it('goes to the verifiers without an event', () => {
    const suspicion = { sinceMs: T0, attempts: 2, quiet: 'low_confidence_dns' as const };
    const decision = decide(knowing({ suspicion }), noName, T0 + 5_000, T0 + 5_000, VERIFIED);
    expect(decision).toMatchObject({ mutations: [], failing: null, quiet: 'low_confidence_dns' });
    expect(decision.suspicion?.attempts).toBe(3);
    expect(decision.next).toMatchObject({ why: 'verify', askAtMs: T0 + 5_000, sinceMs: T0 });
  });

  it('is forgotten with the next good look', () => {
    const suspicion = { sinceMs: T0, attempts: 2, quiet: 'low_confidence_dns' as const };
    expect(decide(knowing({ suspicion }), up, T0, T0)).toMatchObject({ mutations: [], suspicion: null });
  });

  it('opens at once when an answer follows that proves more, with the first failure and the count of before', () => {
    const suspicion = { sinceMs: T0, attempts: 1, quiet: 'low_confidence_dns' as const };
    const decision = decide(knowing({ suspicion }), down, T0 + 2_000, T0 + 2_000);
    expect(changes(decision)).toEqual(['open Seems Down opened']);
    expect(decision.mutations[0]).toMatchObject({ startedAtMs: T0 });
    expect(decision).toMatchObject({ suspicion: null, failing: { sinceMs: T0, attempts: 2 } });
  });

  it('is a refused connection within the interval after a recovery, clamped to 1 to 5 minutes', () => {
    const recent = lately({ recoveredAtMs: T0 });
    const quiet = (atMs: number, intervalMs: number) =>
      decide(recent, refused, T0 + atMs, T0 + atMs, { ...POLICY, intervalMs }).quiet;
    expect([quiet(59_999, 5_000), quiet(60_000, 5_000)]).toEqual(['after_recovery', null]);
    expect([quiet(119_999, 120_000), quiet(120_000, 120_000)]).toEqual(['after_recovery', null]);
    expect([quiet(299_999, 900_000), quiet(300_000, 900_000)]).toEqual(['after_recovery', null]);
    expect(decide(recent, down, T0 + 1, T0 + 1).quiet).toBeNull();
  });

  it('is one within twice the interval after a false alarm, clamped to 5 to 10 minutes and renewed by each', () => {
    const recent = lately({ falseAlarmAtMs: T0, recoveredAtMs: T0 });
    const look = (atMs: number, intervalMs: number) =>
      decide(recent, refused, T0 + atMs, T0 + atMs, { ...POLICY, intervalMs });
    expect(look(299_999, 60_000)).toMatchObject({
      quiet: 'after_false_alarm',
      recent: { falseAlarmAtMs: T0 + 299_999 },
    });
    expect(look(300_000, 60_000).quiet).toBeNull();
    expect(look(599_999, 900_000).quiet).toBe('after_false_alarm');
    expect(look(600_000, 900_000).quiet).toBeNull();
  });
});

describe('recovery', () => {
  it('closes a confirmed outage as verifier_cleared and any other as probe_cleared, and is remembered', () => {
    const closed = decide(openAs('Down', 3), up, T0, T0 + 9);
    expect(changes(closed)).toEqual(['close verifier_cleared']);
    expect(closed).toMatchObject({ failing: null, next: { why: 'interval' }, recent: { recoveredAtMs: T0 + 9 } });
    expect(changes(decide(openAs('Seems Down', 1), up, T0, T0))).toEqual(['close probe_cleared']);
    expect(changes(decide(openAs('Degraded', 3), up, T0, T0, VERIFIED))).toEqual(['close probe_cleared']);
  });
});

describe('an advisory', () => {
  it('opens, moves between levels and closes without confirmation or quick retries', () => {
    const opened = decide(NOTHING_KNOWN, verdictOf('Warning'), T0, T0);
    expect(changes(opened)).toEqual(['open Warning opened']);
    expect(opened.next).toEqual({ why: 'interval' });
    expect(changes(decide(openAs('Warning'), verdictOf('Warning'), T0, T0))).toEqual([]);
    expect(changes(decide(openAs('Warning'), verdictOf('Degraded'), T0, T0))).toEqual([
      'promote Degraded severity_escalation',
    ]);
    expect(changes(decide(openAs('Degraded'), verdictOf('Warning'), T0, T0))).toEqual([
      'promote Warning severity_deescalation',
    ]);
    expect(changes(decide(openAs('Warning'), up, T0, T0))).toEqual(['close probe_cleared']);
  });

  it('that turns into a failure starts its retries from that failure, not from the advisory', () => {
    const decision = decide(openAs('Degraded'), down, T0 + 900_000, T0 + 900_000);
    expect(changes(decision)).toEqual(['promote Seems Down severity_escalation']);
    expect(decision.next).toMatchObject({ why: 'retry', atMs: T0 + 902_000 });
  });

  it('that a failure turned into is no failure any more, regional or not', () => {
    expect(decide(openAs('Down', 3), verdictOf('Degraded'), T0, T0)).toMatchObject({ failing: null });
    expect(decide(openAs('Degraded', 3), verdictOf('Degraded'), T0, T0)).toMatchObject({
      mutations: [],
      failing: null,
    });
  });
});

describe('a failure that our gate takes back', () => {
  it('does not count towards flapping, and those that were told of before do', () => {
    const recent = { ...NOTHING_RECENT, startsMs: [T0 - 9_000, T0] };
    expect(withoutStart(recent, incident('Seems Down', 1, T0)).startsMs).toEqual([T0 - 9_000]);
    expect(withoutStart(recent, null)).toBe(recent);
    expect(withoutStart(recent, incident('Warning'))).toBe(recent);
  });
});

describe('within a maintenance window', () => {
  const maintenance = { startMs: T0, endMs: T0 + 600_000 };

  it('a failure opens nothing and is no suspicion', () => {
    const decision = decide(knowing({ maintenance }), down, T0, T0);
    expect(decision).toMatchObject({ mutations: [], failing: null, suspicion: null, swallowed: true });
    expect(decision.next).toEqual({ why: 'interval' });
    const suspicion = { sinceMs: T0 - 9, attempts: 2, quiet: 'low_confidence_dns' as const };
    expect(decide(knowing({ maintenance, suspicion }), down, T0, T0).suspicion).toBeNull();
  });

  it('a failure closes what is open of it, but no advisory', () => {
    for (const open of [incident('Seems Down', 1), incident('Down', 3), incident('Degraded', 3)])
      expect(changes(decide(knowing({ maintenance, open }), down, T0, T0))).toEqual(['close maintenance_swallowed']);
    expect(changes(decide(knowing({ maintenance, open: incident('Degraded') }), down, T0, T0))).toEqual([]);
  });

  it('the next look comes when it ends, if that is sooner than the interval', () => {
    const decision = decide(knowing({ maintenance }), down, T0 + 590_000, T0 + 590_000);
    expect(decision.next).toEqual({ why: 'window_end', atMs: T0 + 600_000 });
  });

  it('begins with its start and is over with its end; a look that began within it is part of it', () => {
    const swallowed = (seenAtMs: number, nowMs: number) =>
      decide(knowing({ maintenance }), down, seenAtMs, nowMs).swallowed;
    expect([swallowed(T0 - 2, T0 - 1), swallowed(T0 - 1, T0)]).toEqual([false, true]);
    expect([swallowed(T0 + 599_999, T0 + 609_000), swallowed(T0 + 600_000, T0 + 600_000)]).toEqual([true, false]);
  });

  it('recovery closes as ever and advisories open', () => {
    expect(changes(decide(knowing({ maintenance, open: incident('Down', 3) }), up, T0, T0))).toEqual([
      'close verifier_cleared',
    ]);
    expect(changes(decide(knowing({ maintenance }), verdictOf('Warning'), T0, T0))).toEqual(['open Warning opened']);
  });
});

describe('the flap brake', () => {
  /** Fails and recovers `times` times, `gapMs` from one failure to the next; what is known then, and every change. */
  function flapped(times: number, gapMs: number, policy = POLICY) {
    let known = NOTHING_KNOWN;
    const written: string[] = [];
    let nowMs = T0;
    for (let round = 0; round < times; round += 1) {
      nowMs = T0 + round * gapMs;
      for (const [verdict, atMs] of [
        [down, nowMs],
        [up, nowMs + 1_000],
      ] as const) {
        const decision = decide(known, verdict, atMs, atMs, policy);
        written.push(...changes(decision));
        known = applied(known, decision, atMs).known;
      }
    }
    return { known, written, wellMs: nowMs + 1_000 };
  }

  it('keeps the event of an endpoint that failed four times within the hour, stepped down to Degraded while it is well', () => {
    const { written, known } = flapped(4, 300_000);
    expect(written.slice(0, 2)).toEqual(['open Seems Down opened', 'close probe_cleared']);
    expect(written.slice(-2)).toEqual(['open Seems Down opened', 'promote Degraded severity_deescalation']);
    expect(known.open).toMatchObject({ state: 'Degraded', failing: null });
  });

  it('writes one event instead of twenty', () => {
    const { written } = flapped(20, 90_000);
    expect(written.filter((change) => change.startsWith('open')).length).toBe(4);
    expect(written.filter((change) => change === 'promote Seems Down severity_escalation').length).toBe(16);
  });

  it('closes once it was well for two intervals, and no less than two minutes', () => {
    const { known, wellMs } = flapped(4, 300_000);
    const still = decide(known, up, wellMs + 119_999, wellMs + 119_999);
    expect(still).toMatchObject({ mutations: [], next: { why: 'recovery' } });
    const closed = decide(applied(known, still, 0).known, up, wellMs + 120_000, wellMs + 120_000);
    expect(changes(closed)).toEqual(['close probe_cleared']);
    expect(closed.recent.braked).toBeNull();
  });

  it('counts the attempts of a failure meanwhile from 1', () => {
    const { known, wellMs } = flapped(4, 300_000);
    const decision = decide(known, down, wellMs + 50_000, wellMs + 50_000);
    expect(changes(decision)).toEqual(['promote Seems Down severity_escalation']);
    expect(decision.failing).toMatchObject({ attempts: 1, sinceMs: wellMs + 50_000 });
  });

  it('takes an advisory for being well, and weak evidence for a reason to wait anew', () => {
    const { known, wellMs } = flapped(4, 300_000);
    expect(decide(known, verdictOf('Warning'), wellMs + 9_000, wellMs + 9_000).mutations).toEqual([]);
    expect(changes(decide(known, verdictOf('Warning'), wellMs + 120_000, wellMs + 120_000))).toEqual([
      'promote Warning severity_deescalation',
    ]);
    const quiet = decide(known, verdictOf('Seems Down', 'name'), wellMs + 60_000, wellMs + 60_000);
    const again = decide(applied(known, quiet, 0).known, up, wellMs + 125_000, wellMs + 125_000);
    expect(again).toMatchObject({ mutations: [], recent: { braked: { wellSinceMs: wellMs + 125_000 } } });
  });

  it('does not hold when failures are far between, and is let go with an event that somebody else closed', () => {
    expect(flapped(12, 1_200_000).written).not.toContain('promote Degraded severity_deescalation');
    const { known, wellMs } = flapped(4, 300_000);
    const opened = decide({ ...known, open: null }, verdictOf('Degraded'), wellMs + 9_000, wellMs + 9_000);
    expect(opened.recent.braked).toBeNull();
  });

  it('remembers no more failures than it takes', () => {
    expect(flapped(30, 90_000).known.recent.startsMs.length).toBe(4);
  });

  it('swallows in maintenance what it keeps open', () => {
    const { known, wellMs } = flapped(4, 300_000);
    const maintenance = { startMs: wellMs, endMs: wellMs + 600_000 };
    const decision = decide({ ...known, maintenance }, down, wellMs + 9_000, wellMs + 9_000);
    expect(changes(decision)).toEqual(['close maintenance_swallowed']);
  });
});

it('keeps the id of the event that is open out of what it decides', () => {
  const other: OpenIncident = { ...incident('Down', 3), eventId: 99n as EventId };
  expect(decide(knowing({ open: other }), up, T0, T0)).toEqual(
    decide(knowing({ open: incident('Down', 3) }), up, T0, T0),
  );
});
