import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '../../domain/decision-policy.ts';
import type { EndpointId } from '../../domain/ids.ts';
import type { RecentTransition } from '../../store/recent-transitions.ts';
import { recall } from './recall.ts';

const endpointId = 7n as EndpointId;

/** `from>to reason`, ten seconds one after another; the event began two seconds before its first. */
function told(...steps: readonly (string | readonly [string, Partial<RecentTransition>])[]) {
  const transitions = steps.map((step, at): RecentTransition => {
    const [text, more] = typeof step === 'string' ? [step, {}] : step;
    const [, before = '', after = '', reason = ''] = /^(.*)>(\S+(?: Down)?) (\S+)$/.exec(text) ?? [];
    const atMs = (at + 1) * 10_000;
    const times = { atMs, beganAtMs: atMs, startedAtMs: atMs - 2_000 };
    const common = { endpointId, checkType: 'http', ...times, source: 'local', isBrake: false };
    return { ...common, stateBefore: before || null, stateAfter: after, reason, ...more };
  });
  return recall(transitions, DEFAULT_POLICY).get(endpointId)?.get('http') ?? null;
}

const BY_VERIFIERS = { source: 'verifiers' };

describe('what is told of a check', () => {
  it('is when failures began and when the last was over', () => {
    expect(told('>Seems Down opened', 'Seems Down>Down local_confirmed', 'Down>Resolved verifier_cleared')).toEqual({
      recoveredAtMs: 30_000,
      falseAlarmAtMs: null,
      startsMs: [8_000],
      braked: null,
      verifiedAtMs: null,
    });
  });

  it('is nothing where only advisories came and went', () => {
    expect(
      told('>Warning opened', 'Warning>Degraded severity_escalation', 'Degraded>Resolved probe_cleared'),
    ).toBeNull();
  });

  it('counts a failure that grew out of an advisory from then on, and that turned into one as over', () => {
    const steps = [
      '>Warning opened',
      'Warning>Seems Down severity_escalation',
      'Seems Down>Warning severity_deescalation',
    ];
    expect(told(...steps)).toMatchObject({ startsMs: [20_000], recoveredAtMs: 30_000 });
  });

  it('takes what verifiers see in some regions for a failure, and what they refuted for a false alarm', () => {
    expect(told(['>Degraded opened', BY_VERIFIERS])).toMatchObject({ startsMs: [8_000] });
    expect(told('>Seems Down opened', ['Seems Down>Degraded severity_deescalation', BY_VERIFIERS])).toMatchObject({
      startsMs: [8_000],
      recoveredAtMs: null,
    });
    expect(told('>Seems Down opened', ['Seems Down>Resolved false_alarm', BY_VERIFIERS])).toMatchObject({
      falseAlarmAtMs: 20_000,
      recoveredAtMs: null,
    });
  });

  it('forgets a false alarm once an outage was confirmed, and takes one that we withdrew ourselves for none', () => {
    const alarm = ['>Seems Down opened', ['Seems Down>Resolved false_alarm', BY_VERIFIERS]] as const;
    expect(told(...alarm, ['>Down opened', BY_VERIFIERS])).toMatchObject({ falseAlarmAtMs: null });
    expect(told('>Seems Down opened', 'Seems Down>Resolved false_alarm')).toMatchObject({ falseAlarmAtMs: null });
  });

  it('counts no failure that we withdrew ourselves as one that began', () => {
    const withdrawn = ['>Seems Down opened', 'Seems Down>Resolved false_alarm'];
    expect(told(...withdrawn, ...withdrawn, '>Seems Down opened')).toMatchObject({ startsMs: [48_000] });
    const refuted = ['>Seems Down opened', ['Seems Down>Resolved false_alarm', BY_VERIFIERS]] as const;
    expect(told(...refuted)).toMatchObject({ startsMs: [8_000] });
  });

  it('knows the event that the flap brake holds open, until it fails again or closes', () => {
    const held = ['>Seems Down opened', ['Seems Down>Degraded severity_deescalation', { isBrake: true }]] as const;
    expect(told(...held)).toMatchObject({ braked: { wellSinceMs: null }, recoveredAtMs: null });
    expect(told(...held, 'Degraded>Seems Down severity_escalation')).toMatchObject({
      braked: null,
      startsMs: [8_000, 30_000],
    });
    expect(told(...held, 'Degraded>Resolved probe_cleared')).toMatchObject({ braked: null, recoveredAtMs: 30_000 });
  });

  it('leaves recovery out of what a maintenance window swallowed, and everything out of what the owner ended', () => {
    expect(told('>Seems Down opened', 'Seems Down>Resolved maintenance_swallowed')).toMatchObject({
      startsMs: [8_000],
      recoveredAtMs: null,
    });
    expect(told('>Seems Down opened', 'Seems Down>Resolved manual_override')).toBeNull();
  });

  it('begins in the middle where what came before was not read', () => {
    expect(told('Seems Down>Resolved probe_cleared')).toMatchObject({ startsMs: [], recoveredAtMs: 10_000 });
  });

  it('is not changed by a severity of its own', () => {
    const page = 'Seems Down>Seems Down verification_overdue';
    expect(told('>Seems Down opened', page, 'Seems Down>Resolved probe_cleared')).toMatchObject({ startsMs: [8_000] });
  });
});
