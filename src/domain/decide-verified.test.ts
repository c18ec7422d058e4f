import { describe, expect, it } from 'vitest';
import { applied, changes, incident, knowing, VERIFIED, verdictOf, verification } from '../../test/kit/decisions.ts';
import { decide } from './decide.ts';
import { decideVerified } from './decide-verified.ts';
import { type Known, NOTHING_RECENT } from './incident.ts';
import type { Outcome } from './verification.ts';

const T0 = 1_000_000;
const NOW = T0 + 9_000;

function answered(known: Known, outcome: Outcome, nowMs = NOW, policy = VERIFIED) {
  return decideVerified(known, { verification: verification(outcome, ['eu', 'us']), sinceMs: T0 }, nowMs, policy);
}

const seemsDown = knowing({ open: incident('Seems Down', 3, T0) });
const regional = knowing({ open: incident('Degraded', 3, T0) });
const suspected = knowing({ suspicion: { sinceMs: T0, attempts: 3, quiet: 'low_confidence_dns' } });

describe('an answer of the verifiers', () => {
  it('that confirms makes it Down and ends the distrust of a false alarm', () => {
    const known = { ...seemsDown, recent: { ...NOTHING_RECENT, falseAlarmAtMs: T0 } };
    const decision = answered(known, 'confirmed');
    expect(changes(decision)).toEqual(['promote Down verifier_confirmed']);
    expect(decision).toMatchObject({ failing: { sinceMs: T0 }, next: { why: 'recovery', atMs: NOW + 15_000 } });
    expect(decision.recent.falseAlarmAtMs).toBeNull();
  });

  it('that refutes closes it as a false alarm and is remembered', () => {
    const decision = answered(seemsDown, 'refuted');
    expect(changes(decision)).toEqual(['close false_alarm']);
    expect(decision).toMatchObject({ failing: null, recent: { falseAlarmAtMs: NOW }, next: { why: 'interval' } });
  });

  it('that differs by region makes it Degraded, says where, and is asked for again', () => {
    const decision = answered(seemsDown, 'regional');
    expect(changes(decision)).toEqual(['promote Degraded severity_deescalation']);
    expect(decision.mutations[0]).toMatchObject({ facts: { verification: 'regional', down_regions: 'eu, us' } });
    expect(decision.failing).toMatchObject({ sinceMs: T0 });
    expect(decision.next).toEqual({ why: 'verify', askAtMs: NOW + 30_000, lookAtMs: NOW + 15_000, sinceMs: T0 });
  });

  it('that settles nothing leaves it as it is and is asked for again', () => {
    const decision = answered(seemsDown, 'no_verdict');
    expect(decision).toMatchObject({ mutations: [], failing: { attempts: 3 }, recent: { verifiedAtMs: NOW } });
    expect(decision.next).toMatchObject({ why: 'verify', askAtMs: NOW + 30_000 });
  });

  it('later makes a regional failure Down, closes it, or leaves it as it is', () => {
    expect(changes(answered(regional, 'confirmed'))).toEqual(['promote Down verifier_confirmed']);
    expect(changes(answered(regional, 'refuted'))).toEqual(['close false_alarm']);
    expect(answered(regional, 'regional')).toMatchObject({ mutations: [], next: { why: 'verify' } });
    expect(answered(regional, 'no_verdict')).toMatchObject({ mutations: [], next: { why: 'verify' } });
    const again = decide(regional, verdictOf('Seems Down'), { seenAtMs: NOW, doneAtMs: NOW, nowMs: NOW }, VERIFIED);
    expect(again).toMatchObject({ mutations: [], failing: { sinceMs: T0 }, next: { why: 'verify', askAtMs: NOW } });
  });

  it('opens as Down what was confirmed quietly, from its first failure on', () => {
    const decision = answered(suspected, 'confirmed');
    expect(changes(decision)).toEqual(['open Down opened']);
    expect(decision.mutations[0]).toMatchObject({ startedAtMs: T0 });
    expect(decision).toMatchObject({ suspicion: null, failing: { sinceMs: T0 }, recent: { startsMs: [T0] } });
    const advised = answered({ ...suspected, open: incident('Warning') }, 'confirmed');
    expect(changes(advised)).toEqual(['promote Down verifier_confirmed']);
  });

  it('forgets what was refuted quietly, and opens as Degraded what is regional', () => {
    expect(answered(suspected, 'refuted')).toMatchObject({
      mutations: [],
      suspicion: null,
      recent: { falseAlarmAtMs: NOW },
    });
    const differing = answered(suspected, 'regional');
    expect(changes(differing)).toEqual(['open Degraded opened']);
    expect(differing).toMatchObject({ suspicion: null, failing: { sinceMs: T0 } });
    expect(answered(suspected, 'no_verdict')).toMatchObject({ mutations: [], suspicion: { attempts: 3 } });
  });

  it('changes nothing when its failure is over, confirmed, or another one', () => {
    const others = [
      knowing({}),
      knowing({ open: incident('Warning') }),
      knowing({ open: incident('Down', 3, T0) }),
      knowing({ open: incident('Seems Down', 1, T0) }),
      knowing({ open: incident('Seems Down', 3, T0 + 1) }),
      knowing({ open: incident('Seems Down') }),
    ];
    for (const known of others) {
      for (const outcome of ['confirmed', 'refuted', 'regional', 'no_verdict'] as const)
        expect(answered(known, outcome)).toMatchObject({ mutations: [], next: { why: 'as_planned' } });
    }
  });

  it('is swallowed when a maintenance window began meanwhile', () => {
    const maintenance = { startMs: NOW, endMs: NOW + 600_000 };
    const decision = answered({ ...seemsDown, maintenance }, 'confirmed');
    expect(changes(decision)).toEqual(['close maintenance_swallowed']);
    expect(answered({ ...suspected, maintenance }, 'confirmed')).toMatchObject({ mutations: [], suspicion: null });
  });
});

describe('a failure that nobody could verify for long', () => {
  const paging = { ...VERIFIED, unverified: { afterMs: 300_000, policy: 'page' as const } };

  it('is held by default', () => {
    expect(answered(seemsDown, 'no_verdict', T0 + 900_000).mutations).toEqual([]);
  });

  it('is raised to the severity of Down, once, and never to its state', () => {
    expect(answered(seemsDown, 'no_verdict', T0 + 299_999, paging).mutations).toEqual([]);
    const raised = answered(seemsDown, 'no_verdict', T0 + 300_000, paging);
    expect(changes(raised)).toEqual(['severity 4 verification_overdue']);
    const { known } = applied(seemsDown, raised, T0 + 300_000);
    expect(known.open).toMatchObject({ state: 'Seems Down', severity: 4 });
    expect(answered(known, 'no_verdict', T0 + 330_000, paging).mutations).toEqual([]);
    expect(changes(answered(known, 'confirmed', T0 + 330_000, paging))).toEqual(['promote Down verifier_confirmed']);
    expect(changes(answered(known, 'regional', T0 + 330_000, paging))).toEqual([
      'promote Degraded severity_deescalation',
    ]);
  });

  it('is told of when it was quiet, for who wants to be paged does not want silence', () => {
    expect(answered(suspected, 'no_verdict', T0 + 900_000).mutations).toEqual([]);
    const raised = answered(suspected, 'no_verdict', T0 + 300_000, paging);
    expect(changes(raised)).toEqual(['open Seems Down opened', 'severity 4 verification_overdue']);
    expect(raised).toMatchObject({ suspicion: null, failing: { sinceMs: T0 } });
  });

  it('is nothing a regional failure can become', () => {
    expect(answered(regional, 'no_verdict', T0 + 900_000, paging).mutations).toEqual([]);
  });

  it('is not raised while our own looks are in doubt, and counts anew from when they are believed again', () => {
    const later = T0 + 900_000;
    const doubted = (known: Known, believedSinceMs: number | null) => ({
      ...known,
      recent: { ...known.recent, believedSinceMs },
    });
    const quiet = knowing({ suspicion: { sinceMs: T0, attempts: 3, quiet: 'mass_failure' } });
    for (const known of [quiet, doubted(quiet, null), doubted(seemsDown, null), doubted(suspected, null)])
      expect(answered(known, 'no_verdict', later, paging)).toMatchObject({ mutations: [], next: { why: 'verify' } });
    const again = doubted(seemsDown, later - 299_999);
    expect(answered(again, 'no_verdict', later, paging).mutations).toEqual([]);
    expect(changes(answered(again, 'no_verdict', later + 1, paging))).toEqual(['severity 4 verification_overdue']);
    expect(answered(doubted(seemsDown, T0 - 1), 'no_verdict', T0 + 299_999, paging).mutations).toEqual([]);
  });
});
