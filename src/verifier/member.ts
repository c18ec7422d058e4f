/** One verifier of the panel: whether it answers, what it said, counted, and each answer made a vote. */
import type { Vote } from '../domain/verification.ts';
import type { Clock } from '../lib/clock.ts';
import { fitText } from '../lib/text.ts';
import type { Log } from '../telemetry/log.ts';
import type { RemoteFailure } from './client.ts';
import type { LaneAnswer } from './lane.ts';
import type { Lanes } from './lanes.ts';

/** Why a verifier has no say, beside what its client finds. */
export type Silence = RemoteFailure | 'overloaded';

export type MemberReport = {
  /** Questions that wait to be sent, and requests under way. */
  waiting: number;
  inFlight: number;
  /** Questions for it so far, those that were turned away or taken back among them. */
  asked: number;
  /** What it said in verifications so far, without canaries; `none`: it answered, and could not tell. */
  said: Readonly<Record<Vote['says'], number>>;
  /** Questions of verifications without an answer, by cause. */
  failures: Readonly<Partial<Record<Silence, number>>>;
  /** Canaries that brought no verdict. */
  canariesWithout: number;
  /** Whether the newest question was answered; null before the first. */
  isAnswering: boolean | null;
  /** Why it was not; null when it was. May hold a text of the other side. */
  problem: string | null;
  /** Wall clock of the newest question and of the newest answer, ms since the epoch. */
  askedAtMs: number | null;
  answeredAtMs: number | null;
};

/** What is known of a verifier, to go on with on another panel. */
export type MemberMemory = {
  asked: number;
  said: Record<Vote['says'], number>;
  failures: Partial<Record<Silence, number>>;
  canariesWithout: number;
  isAnswering: boolean | null;
  problem: string | null;
  askedAtMs: number | null;
  answeredAtMs: number | null;
};

export interface Member {
  readonly name: string;
  readonly region: string;
  readonly lanes: Pick<Lanes, 'hasRoom' | 'stop'>;
  /** As that of its lanes. */
  ask: Lanes['ask'];
  /** The vote of an answer that came `tookMs` after the question. Not counted yet: the question may be withdrawn. */
  vote(answer: LaneAnswer, tookMs: number, quarantined: boolean): Vote;
  count(answer: LaneAnswer, of: 'verification' | 'canary'): void;
  report(): MemberReport;
  memory(): MemberMemory;
}

/** Texts of a verifier that are kept are no longer. */
const MAX_TEXT = 255;
/** A verifier that comes and goes is told about no more often. */
const TOLD_EVERY_MS = 60_000;

export function createMember(parts: {
  name: string;
  region: string;
  lanes: Lanes;
  clock: Clock;
  log: Log;
  /** Of the panel before; it is not to be used there any more. */
  before?: MemberMemory | undefined;
}): Member {
  const { name, region, lanes, clock, log } = parts;
  const known = parts.before ?? newMemory();
  let toldMs = Number.NEGATIVE_INFINITY;
  let isToldWell = known.isAnswering ?? true;

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
    lanes,
    ask(question, how, answered) {
      known.asked += 1;
      known.askedAtMs = clock.nowMs();
      return lanes.ask(question, how, answered);
    },
    vote(answer, tookMs, quarantined) {
      tell(answer);
      known.isAnswering = answer.kind === 'answer';
      const whose = { verifier: name, region, tookMs: Math.round(tookMs), quarantined };
      if (answer.kind === 'failed') {
        known.problem = fitText(`${answer.reason}: ${answer.detail}`, MAX_TEXT);
        return { ...whose, says: 'none', reason: answer.reason, ...NOTHING_SEEN };
      }
      known.problem = null;
      known.answeredAtMs = clock.nowMs();
      const { says, httpCode, errorCode, rttMs } = answer;
      const failureClass = answer.failureClass === null ? null : fitText(answer.failureClass, MAX_TEXT);
      return { ...whose, says, reason: fitText(answer.reason, MAX_TEXT), httpCode, errorCode, failureClass, rttMs };
    },
    count(answer, of) {
      if (of === 'canary') known.canariesWithout += Number(answer.kind === 'failed' || answer.says === 'none');
      else if (answer.kind === 'answer') known.said[answer.says] += 1;
      else known.failures[answer.reason] = (known.failures[answer.reason] ?? 0) + 1;
    },
    report: () => ({ ...lanes.stats(), ...known, said: { ...known.said }, failures: { ...known.failures } }),
    memory: () => known,
  };
}

function newMemory(): MemberMemory {
  const nothing = {
    asked: 0,
    canariesWithout: 0,
    isAnswering: null,
    problem: null,
    askedAtMs: null,
    answeredAtMs: null,
  };
  return { said: { down: 0, up: 0, none: 0 }, failures: {}, ...nothing };
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
