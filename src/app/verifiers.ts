/** The verifiers of the configuration, as it is now, with what an operator is to know of them. */

import type { OperatorEvents } from '../engine/gate/operator-events.ts';
import type { Confirm } from '../engine/judge/confirm.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { VerifierEntry } from '../verifier/client.ts';
import type { PanelMemory, PanelReport } from '../verifier/panel.ts';
import type { SelfReports } from '../verifier/self-reports.ts';
import { createConfirm } from './confirm.ts';
import { verifierHostMetrics } from './detection-metrics.ts';
import type { Settings } from './settings.ts';

export interface Verifiers extends Confirm {
  report(): PanelReport;
  /** What each says of itself; at most ten seconds old. Never rejects. */
  selfReports(): Promise<SelfReports>;
  stop(): void;
}

export function createVerifiers(parts: {
  settings: Settings;
  trouble: Pick<OperatorEvents, 'raise' | 'calm'>;
  /** A URL that was well a moment ago; null: there is none. */
  knownUp(): string | null;
  log: Log;
  metrics: Metrics;
}): Verifiers {
  const { settings, trouble, knownUp, log, metrics } = parts;
  const listeners = new Set<() => void>();
  let isStopped = false;
  let entries = settings.current().verifiers;
  let panel = create();

  function create(before?: PanelMemory) {
    const created: ReturnType<typeof createConfirm> = createConfirm(settings.current(), {
      before,
      // They go out while a site is well, so it is not our network that keeps verifiers from answering.
      onCanary() {
        if (created === panel && !isStopped) tellOfSilence(created.report());
      },
      onQuarantine: (name, why) =>
        trouble.raise(`verifier_quarantined:${name}`, {
          state: 'Degraded',
          summary: `the votes of the verifier ${name} do not count any more: ${why}`,
          advice:
            'Find out who runs it and what runs there; it counts again after a clean run of questions with known answers.',
        }),
      onRelease: (name) => trouble.calm(`verifier_quarantined:${name}`),
      knownUp,
      log,
      metrics,
    });
    verifierHostMetrics(metrics, created.report);
    return created;
  }

  /** Whether those that answer could make up the quorum. */
  function tellOfSilence({ verifiers, quorum }: PanelReport): void {
    const answering = new Set(verifiers.filter(({ isAnswering }) => isAnswering !== false).map(({ region }) => region));
    if (answering.size >= quorum) trouble.calm('verifiers_silent');
    else {
      trouble.raise('verifiers_silent', {
        state: 'Degraded',
        summary: 'too few verifiers answer, so failures stay unconfirmed',
        advice: 'Check that the verifiers run and can be reached from here; jetmon2 status lists them.',
        facts: { answering: answering.size, quorum },
      });
    }
  }

  settings.subscribe((_, changed) => {
    if (!changed.some((key) => key === 'VERIFIERS' || key === 'VERIFIER_QUORUM')) return;
    const before = panel;
    // Whoever still waits for an answer gets none, and asks those that come now.
    before.stop();
    const now = settings.current().verifiers;
    const known = entries.filter((one) => now.some((other) => isSameMachine(one, other)));
    const kept = new Set(known.map(({ name }) => name));
    for (const { verifier, quarantinedWhy } of before.report().verifiers) {
      if (quarantinedWhy !== null && !kept.has(verifier)) trouble.calm(`verifier_quarantined:${verifier}`);
    }
    entries = now;
    // Of those that are named now nothing is known yet.
    trouble.calm('verifiers_silent');
    panel = create(before.memory((name) => kept.has(name)));
    for (const { verifier } of before.report().verifiers) {
      if (!now.some(({ name }) => name === verifier)) metrics.forget('host', verifier);
    }
    for (const listener of listeners) listener();
  });

  return {
    get isConfigured() {
      return panel.isConfigured;
    },
    onChange: (listener) => void listeners.add(listener),
    async ask(question, withdrawn, isWanted) {
      let asked = panel;
      let verification = await asked.ask(question, withdrawn, isWanted);
      // Asked in vain, because others took their place meanwhile.
      while (asked !== panel && !isStopped && !withdrawn.aborted && verification.outcome === 'no_verdict') {
        asked = panel;
        verification = await asked.ask(question, withdrawn, isWanted);
      }
      // Where our own network is in doubt, silence says nothing of them.
      if (asked === panel && !isStopped && !withdrawn.aborted) tellOfSilence(asked.report());
      return verification;
    },
    report: () => panel.report(),
    selfReports: () => panel.selfReports(),
    stop() {
      isStopped = true;
      panel.stop();
    },
  };
}

/** What is known of a verifier is known of a machine: under its name at another address there may be another one. */
function isSameMachine(one: VerifierEntry, other: VerifierEntry): boolean {
  return one.name === other.name && one.host.toLowerCase() === other.host.toLowerCase() && one.port === other.port;
}
