/** The verifiers of the configuration, as it is now, with what an operator is to know of them. */

import type { OperatorEvents } from '../engine/gate/operator-events.ts';
import type { Confirm } from '../engine/judge/confirm.ts';
import type { Log } from '../telemetry/log.ts';
import type { Panel, PanelReport } from '../verifier/panel.ts';
import { createConfirm } from './confirm.ts';
import type { Settings } from './settings.ts';

export interface Verifiers extends Confirm {
  report(): PanelReport;
  stop(): void;
}

export function createVerifiers(parts: {
  settings: Settings;
  trouble: Pick<OperatorEvents, 'raise' | 'calm'>;
  /** A URL that was well a moment ago; null: there is none. */
  knownUp(): string | null;
  log: Log;
}): Verifiers {
  const { settings, trouble, knownUp, log } = parts;
  let isStopped = false;
  let panel = create();

  function create(): Panel {
    return createConfirm(settings.current(), {
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
    });
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
      // It ends by itself when nobody has to ask any more.
      trouble.calm('verifiers_silent');
    }
  }

  settings.subscribe((_, changed) => {
    if (!changed.some((key) => key === 'VERIFIERS' || key === 'VERIFIER_QUORUM')) return;
    const before = panel;
    panel = create();
    // Whoever still waits for an answer gets none, and asks again.
    before.stop();
    for (const { verifier, quarantinedWhy } of before.report().verifiers) {
      if (quarantinedWhy !== null) trouble.calm(`verifier_quarantined:${verifier}`);
    }
  });

  return {
    get isConfigured() {
      return panel.isConfigured;
    },
    async ask(question) {
      const asked = panel;
      const verification = await asked.ask(question);
      if (asked === panel && !isStopped) tellOfSilence(asked.report());
      return verification;
    },
    report: () => panel.report(),
    stop() {
      isStopped = true;
      panel.stop();
    },
  };
}
