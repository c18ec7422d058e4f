/** One verifier of the panel: what it was asked and how it answered, counted, and each answer made a vote. */
import type { Vote } from '../domain/verification.ts';
import type { Clock } from '../lib/clock.ts';
import { fitText } from '../lib/text.ts';
import type { Log } from '../telemetry/log.ts';
import type { RemoteFailure } from './client.ts';
import type { Lane, LaneAnswer } from './lane.ts';

/** Why a verifier has no say, beside what its client finds. */
export type Silence = RemoteFailure | 'overloaded';

export type MemberReport = {
  /** Questions that wait to be sent, and requests under way. */
  waiting: number;
  inFlight: number;
  /** What it said so far; `none`: it answered, and could not tell. */
  said: Readonly<Record<Vote['says'], number>>;
  /** Questions without an answer, by cause. */
  failures: Readonly<Partial<Record<Silence, number>>>;
  /** Whether the newest question was answered; null before the first. */
  isAnswering: boolean | null;
  /** Wall clock of the newest answer, ms since the epoch. */
  answeredAtMs: number | null;
};

export interface Member {
  readonly name: string;
  readonly region: string;
  readonly lane: Lane;
  /** The vote of an answer that came `tookMs` after the question, counted. */
  vote(answer: LaneAnswer, tookMs: number, quarantined: boolean): Vote;
  report(): MemberReport;
}

/** Texts of a verifier that are kept are no longer. */
const MAX_TEXT = 255;
/** A verifier that comes and goes is told about no more often. */
const TOLD_EVERY_MS = 60_000;

export function createMember(parts: { name: string; region: string; lane: Lane; clock: Clock; log: Log }): Member {
  const { name, region, lane, clock, log } = parts;
  const said = { down: 0, up: 0, none: 0 };
  const failures: Partial<Record<Silence, number>> = {};
  let isAnswering: boolean | null = null;
  let answeredAtMs: number | null = null;
  let toldMs = Number.NEGATIVE_INFINITY;
  let isToldWell = true;

  /** Says when it stops answering, and when it answers again. */
  function tell(answer: LaneAnswer): void {
    const isWell = answer.kind === 'answer';
    const nowMs = clock.monotonicMs();
    if (isWell === isToldWell || nowMs - toldMs < TOLD_EVERY_MS) return;
    isToldWell = isWell;
    toldMs = nowMs;
    if (isWell) log.info({ verifier: name }, 'the verifier answers again');
    else {
      const facts = { verifier: name, reason: answer.reason, detail: fitText(answer.detail, MAX_TEXT) };
      log.warn(facts, 'the verifier gives no answer: it has no vote until it does, and the quorum stays as it is');
    }
  }

  return {
    name,
    region,
    lane,
    vote(answer, tookMs, quarantined) {
      tell(answer);
      isAnswering = answer.kind === 'answer';
      const whose = { verifier: name, region, tookMs: Math.round(tookMs), quarantined };
      if (answer.kind === 'failed') {
        failures[answer.reason] = (failures[answer.reason] ?? 0) + 1;
        return { ...whose, says: 'none', reason: answer.reason, ...NOTHING_SEEN };
      }
      said[answer.says] += 1;
      answeredAtMs = clock.nowMs();
      const { says, httpCode, errorCode, rttMs } = answer;
      const failureClass = answer.failureClass === null ? null : fitText(answer.failureClass, MAX_TEXT);
      return { ...whose, says, reason: fitText(answer.reason, MAX_TEXT), httpCode, errorCode, failureClass, rttMs };
    },
    report: () => ({ ...lane.stats(), said: { ...said }, failures: { ...failures }, isAnswering, answeredAtMs }),
  };
}

/** The vote of who has none, such as `not_awaited`: the outcome stood without it. */
export function silentVote(
  { name, region }: Pick<Member, 'name' | 'region'>,
  reason: string,
  tookMs: number,
  quarantined: boolean,
): Vote {
  const whose = { verifier: name, region, tookMs: Math.round(tookMs), quarantined };
  return { ...whose, says: 'none', reason, ...NOTHING_SEEN };
}

const NOTHING_SEEN = { httpCode: null, errorCode: 0, failureClass: null, rttMs: null } as const;
