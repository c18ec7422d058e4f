/** A transition that will be written once its event has an id. */
import type { Step } from '../../domain/mutation.ts';
import type { LoggedEvent } from './log-view.ts';

export type PlannedTransition = {
  event: LoggedEvent;
  seq: number;
  before: Pick<LoggedEvent, 'state' | 'severity'> | null;
  step: Step;
  source: string;
  metadata: string | null;
  opId: string;
  epoch: number;
};
