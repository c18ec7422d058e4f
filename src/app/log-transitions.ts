/** One line per transition in the log: whoever watches the terminal sees what happens. */
import type { Log } from '../telemetry/log.ts';
import type { Store } from './open-store.ts';

export function logTransitions(store: Pick<Store, 'changes'>, log: Log): void {
  store.changes.subscribe((change) => {
    if (change.kind !== 'committed') return;
    for (const transition of change.transitions) {
      const metadata = (transition.metadata ?? {}) as Record<string, unknown>;
      const facts = {
        site: String(change.siteId),
        url: metadata['url'],
        check: change.checkType,
        event: String(change.eventId),
        reason: transition.reason,
      };
      const words = `${transition.stateBefore ?? 'Up'} -> ${transition.stateAfter}: ${metadata['summary'] ?? transition.reason}`;
      if (transition.stateAfter === 'Resolved') log.info(facts, words);
      else log.warn(facts, words);
    }
  });
}
