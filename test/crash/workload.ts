/**
 * What the process does that is killed: bursts of operations on sites of its own, drawn from a seed, so that a run can be
 * repeated and what was in doubt can be sent again.
 */
import type { EndpointId, EventId, SiteId } from '../../src/domain/ids.ts';
import type { Mutation } from '../../src/domain/mutation.ts';
import type { AppendInput } from '../../src/store/append/append-input.ts';
import type { FailedCheck } from '../../src/store/history/failures.ts';
import { seeded } from '../kit/seeded.ts';

/** An endpoint the workload works on. */
export type Patient = { siteId: SiteId; endpointId: EndpointId };

/** One operation as it travels as a line of JSON: enough to send exactly the same again. */
export type Operation = {
  opId: string;
  siteId: string;
  endpointId: string | null;
  checkType: string;
  mutations: Mutation[];
  failing: { sinceMs: number; attempts: number } | null;
  /** Whether a failed look is written with it. */
  isLook: boolean;
  atMs: number;
};

export const CHECK_TYPES = ['http', 'tls_expiry'] as const;

/** Bursts for these patients: operations that are sent together, at most one of them a patient and check. */
export function bursts(seed: number, prefix: string, patients: readonly Patient[], count: number): Operation[][] {
  const random = seeded(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  let operations = 0;
  let atMs = 1_700_000_000_000;
  function operation(patient: Patient): Operation {
    operations += 1;
    atMs += Math.floor(random() * 2_000);
    const checkType = random() < 0.75 ? CHECK_TYPES[0] : CHECK_TYPES[1];
    const mutations = drawMutations();
    return {
      opId: `${prefix}-${operations}`,
      siteId: String(patient.siteId),
      endpointId: random() < 0.06 ? null : String(patient.endpointId),
      checkType,
      mutations,
      isLook: random() < 0.5,
      failing: random() < 0.5 ? { sinceMs: atMs, attempts: 1 + Math.floor(random() * 3) } : null,
      atMs,
    };
  }
  function drawMutations(): Mutation[] {
    const open: Mutation = { op: 'open', state: 'Seems Down', startedAtMs: atMs, reason: 'opened' };
    const confirm: Mutation = { op: 'promote', state: 'Down', reason: 'local_confirmed' };
    const close: Mutation = { op: 'close', reason: pick(['verifier_cleared', 'probe_cleared', 'false_alarm']) };
    return pick<Mutation[]>([
      [open],
      [open, confirm],
      [confirm],
      [close],
      [close, { ...open, state: 'Warning' }],
      [{ op: 'set_severity', severity: Math.floor(random() * 6), reason: 'severity_escalation' }],
      [{ op: 'link', causeEventId: random() < 0.5 ? null : (BigInt(1 + Math.floor(random() * 9)) as EventId) }],
    ]);
  }
  return Array.from({ length: count }, () => patients.filter(() => random() < 0.6).map(operation));
}

export function inputOf(operation: Operation): AppendInput {
  const { opId, siteId, endpointId, checkType, mutations, failing, isLook, atMs } = operation;
  return {
    identity: {
      siteId: BigInt(siteId) as SiteId,
      endpointId: endpointId === null ? null : (BigInt(endpointId) as EndpointId),
      checkType,
      discriminator: null,
    },
    mutations,
    failing,
    opId,
    epoch: 0,
    atMs,
    source: 'local',
    metadata: { reason: 'connection_refused', note: opId },
    project: true,
    onlyWhileWatching: null,
    failedCheck: isLook && endpointId !== null ? lookOf(operation, BigInt(endpointId) as EndpointId) : null,
  };
}

function lookOf({ siteId, atMs }: Operation, endpointId: EndpointId): FailedCheck {
  const phases = { rttMs: 12, dnsMs: 1, tcpMs: null, tlsMs: null, ttfbMs: null };
  const reply = { httpCode: null, errorCode: 2, reason: 'connection_refused' };
  return { endpointId, siteId: BigInt(siteId) as SiteId, atMs, method: 'GET', ...reply, ...phases };
}

/** Ids of 64 bits survive the line. */
export function toLine(value: unknown): string {
  return JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? { id: String(member) } : member));
}

export function fromLine<T>(line: string): T {
  return JSON.parse(line, (_, member) => (isId(member) ? BigInt(member.id) : member)) as T;
}

function isId(member: unknown): member is { id: string } {
  return typeof member === 'object' && member !== null && 'id' in member && Object.keys(member).length === 1;
}
