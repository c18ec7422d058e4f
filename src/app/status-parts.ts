/** The gate and the verifiers in the words of the status. */
import type { Status } from '../api/routes/status.ts';
import type { VerifiersOf } from '../api/routes/verifiers.ts';
import type { GateStats } from '../engine/gate/gate.ts';
import type { PanelReport } from '../verifier/panel.ts';
import type { SelfReports } from '../verifier/self-reports.ts';

export function gateStatus({ open }: Pick<GateStats, 'open'>): NonNullable<Status['gate']> {
  const condition = (name: keyof GateStats['open'], why: string) => ({
    name,
    holds: !open[name],
    why: open[name] ? why : null,
  });
  return {
    conditions: [
      condition('network_unproven', 'nobody else can be reached either, so failures are not held against sites'),
      condition('mass_failure', 'so many sites began to fail at once that only verifiers are believed'),
    ],
  };
}

/** The same with when each was asked, and what it says of itself. */
export function verifierList(
  { verifiers, quorum }: Pick<PanelReport, 'verifiers' | 'quorum'>,
  said: SelfReports,
): Awaited<ReturnType<VerifiersOf>> {
  const instant = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString());
  const shown = verifierStatus(verifiers);
  return {
    quorum,
    verifiers: verifiers.flatMap(({ verifier, isAnswering, asked, askedAtMs, answeredAtMs }, at) => {
      const status = shown[at];
      const times = { last_asked_at: instant(askedAtMs), last_answered_at: instant(answeredAtMs) };
      const { ok: reachable, version } = said.get(verifier) ?? NOTHING_SAID;
      return status === undefined ? [] : [{ ...status, reachable, version, answering: isAnswering, asked, ...times }];
    }),
  };
}

const NOTHING_SAID = { ok: false, version: null };

export function verifierStatus(verifiers: PanelReport['verifiers']): NonNullable<Status['verifiers']> {
  return verifiers.map(({ verifier, region, isAnswering, problem, score, said, canaries, ...known }) => ({
    name: verifier,
    region,
    healthy: isAnswering !== false,
    problem,
    quarantined: known.quarantinedWhy !== null,
    quarantined_why: known.quarantinedWhy,
    quarantined_since: known.quarantinedSinceMs === null ? null : new Date(known.quarantinedSinceMs).toISOString(),
    score,
    votes: { confirm_down: said.down, disagree: said.up, none: said.none },
    canaries: { ...canaries, none: known.canariesWithout },
  }));
}
