/** Counts what had to be tried again, by what it changes, in the words of version 2. */
import type { Mutation } from '../../domain/mutation.ts';
import { MUTATION_KINDS, type MutationKind } from '../../telemetry/names/store.ts';
import type { AppendInput } from './append-input.ts';

type Retried = Pick<AppendInput, 'mutations'> & { identity: Pick<AppendInput['identity'], 'checkType'> };

export interface RetryCounts {
  /** A transaction with these is tried again. */
  saw(inputs: readonly Retried[]): void;
  /** Since the start. */
  read(): Readonly<Record<MutationKind, number>>;
}

export function createRetryCounts(): RetryCounts {
  const counts = Object.fromEntries(MUTATION_KINDS.map((kind) => [kind, 0])) as Record<MutationKind, number>;
  return {
    saw(inputs) {
      for (const { identity, mutations } of inputs) {
        // How far confirmation has come is a change as well.
        if (mutations.length === 0) counts.other += 1;
        for (const mutation of mutations) counts[kindOf(identity.checkType, mutation)] += 1;
      }
    },
    read: () => counts,
  };
}

/** The one advisory that version 2 knew as an event. */
const CERTIFICATE_EXPIRY = 'tls_expiry';

export function kindOf(checkType: string, mutation: Mutation): MutationKind {
  if (mutation.op === 'link') return 'other';
  if (checkType === CERTIFICATE_EXPIRY) return mutation.op === 'close' ? 'close_ssl_expiry' : 'open_update_ssl_expiry';
  if (mutation.op === 'close') {
    const isRecovery = mutation.reason === 'probe_cleared' || mutation.reason === 'verifier_cleared';
    return isRecovery ? 'close_recovered_event' : 'close_event';
  }
  if (mutation.op === 'open' && mutation.state === 'Seems Down') return 'open_seems_down';
  if (mutation.op === 'open' && mutation.state === 'Down') return 'open_confirmed_down';
  return mutation.op === 'promote' && mutation.state === 'Down' ? 'promote_to_down' : 'other';
}
