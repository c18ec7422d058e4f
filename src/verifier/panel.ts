/**
 * Asks all verifiers whether they see what we see, and says what follows from their votes. Each vote counts for its
 * region, the quorum is fixed, and nobody waits for more votes than the outcome needs.
 */
import type { BodyBudgets, ProbePlan } from '../domain/probe-plan.ts';
import { type Awaited, regionsOf, settledOutcome, tally } from '../domain/quorum.ts';
import { createTrust, type TrustMemory, type TrustReport, type Truth, type Turn } from '../domain/trust.ts';
import type { Outcome, Verification, Vote } from '../domain/verification.ts';
import type { Clock } from '../lib/clock.ts';
import type { Random } from '../lib/random.ts';
import { type Log, silentLog } from '../telemetry/log.ts';
import { type CanarySettings, createCanaries, DEFAULT_CANARIES } from './canaries.ts';
import type { VerifierClient } from './client.ts';
import { createDeadlines } from './deadlines.ts';
import type { LaneAnswer, LaneSettings, TakeBack } from './lane.ts';
import { createLanes } from './lanes.ts';
import { createMember, type Member, type MemberMemory, type MemberReport, silentVote } from './member.ts';
import { createTurns } from './turns.ts';

export type PanelQuestion = {
  siteId: bigint;
  endpointId: bigint;
  url: string;
  /** The deadline of each verifier's probe. */
  timeoutMs: number;
  /** Null: as this process probes by default. */
  plan: ProbePlan | null;
  /** The site gave no answer to us, so that the look is likely to take all of its time. */
  mayHang: boolean;
};

export type PanelReport = {
  regions: number;
  quorum: number;
  /** Questions whose votes are not all in, canaries among them. */
  open: number;
  /** Questions that nobody was asked yet. */
  waiting: number;
  /** Verifications so far, without canaries and without what was withdrawn. */
  outcomes: Readonly<Record<Outcome, number>>;
  verifiers: readonly (TrustReport & MemberReport)[];
};

export interface Panel {
  readonly isConfigured: boolean;
  /**
   * Resolves when the outcome can change no more, at the latest 5 s after the question's own deadline, counted from its
   * turn: where more fails at once than verifiers can look at, questions wait for it in order, a minute at most. Whatever
   * goes wrong is a vote less, and never a rejection. With the signal whoever asks withdraws what it suspected: there is
   * no verdict then, and nothing of it is counted for or against a verifier. `isWanted` is asked when its turn comes.
   */
  ask(question: PanelQuestion, withdrawn?: AbortSignal, isWanted?: () => boolean): Promise<Verification>;
  report(): PanelReport;
  /** What is known of those verifiers, for the panel that comes after this one when it has stopped. */
  memory(isKept: (name: string) => boolean): PanelMemory;
  /** Questions under way get no verdict; connections are closed. */
  stop(): void;
}

/** By name. */
export type PanelMemory = {
  trust: TrustMemory;
  members: ReadonlyMap<string, MemberMemory>;
  outcomes: PanelReport['outcomes'];
};

export type PanelDeps = {
  /** Names are distinct. */
  entries: readonly { name: string; region: string }[];
  /** One per entry, in their order. */
  clients: readonly VerifierClient[];
  /** Regions that must agree. */
  quorum: number;
  /** How this process probes by default. */
  plan: ProbePlan;
  budgets: BodyBudgets;
  /** Deadline of the probe of a canary. */
  timeoutMs: number;
  clock: Clock;
  random: Random;
  /** Told once each time a verifier was caught lying, with the cause in words for an operator. */
  onQuarantine(name: string, why: string): void;
  /** Told when it has earned its way back. */
  onRelease?(name: string, why: string): void;
  /** A URL that passed here a moment ago, for a canary; null when there is none. */
  knownUp(): string | null;
  /** A question about a site that was well a moment ago has ended: the report tells anew who answers. */
  onCanary?(): void;
  /** Of the panel before. */
  before?: PanelMemory | undefined;
  log?: Log;
  lane?: Partial<LaneSettings>;
  canaries?: CanarySettings;
};

/** What a verifier may take beyond the deadline of its probe, the way there and back included. */
const GRACE_MS = 5_000;

/** Digits of a request id that all questions of one verification share; the others are each verifier's own. */
const SHARED_DIGITS = 16;
const OWN_DIGITS = 16;

const NOT_WAITING: TakeBack = () => false;

type Inquiry = {
  requestId: string;
  endpointId: bigint;
  startedMs: number;
  votes: Vote[];
  /** What the votes were made of. */
  answers: [Member, LaneAnswer][];
  /** Who has no vote yet, and how its question is taken back. */
  awaited: Map<Member, TakeBack>;
  /** Null once told. */
  tell: ((outcome: Outcome) => void) | null;
  forgetDeadline: () => void;
  /** What is known of a canary; null: it is a verification. */
  truth: Truth | null;
};

export function createPanel(deps: PanelDeps): Panel {
  const { clock, random, log = silentLog } = deps;
  const rule = { regions: regionsOf(deps.entries), quorum: deps.quorum };
  const trust = createTrust(deps.entries, rule, deps.before?.trust);
  const deadlines = createDeadlines(clock);
  const members = deps.entries.map(({ name, region }, at): Member => {
    const client = deps.clients[at];
    if (client === undefined) throw new RangeError(`the verifier ${name} has no client`);
    const lanes = createLanes({ client, clock, settings: deps.lane });
    return createMember({ name, region, lanes, clock, log, before: deps.before?.members.get(name) });
  });
  const turns = {
    hanging: createTurns({ clock, haveRoom: () => haveRoom(true) }),
    others: createTurns({ clock, haveRoom: () => haveRoom(false) }),
  };
  const open = new Set<Inquiry>();
  const outcomes = { ...(deps.before?.outcomes ?? { confirmed: 0, refuted: 0, regional: 0, no_verdict: 0 }) };
  let isStopped = false;

  function start({ mayHang, ...question }: PanelQuestion & { plan: ProbePlan }, inquiry: Inquiry): void {
    open.add(inquiry);
    inquiry.startedMs = clock.monotonicMs();
    const { requestId, startedMs, awaited } = inquiry;
    const deadlineMs = startedMs + question.timeoutMs + GRACE_MS;
    inquiry.forgetDeadline = deadlines.at(deadlineMs, () => expire(inquiry));
    for (const member of members) awaited.set(member, NOT_WAITING);
    const digits = Buffer.from(random.bytes((members.length * OWN_DIGITS) / 2)).toString('hex');
    for (const [at, member] of members.entries()) {
      // Its own, so that no verifier can pass the answer of another for its own.
      const own = requestId.slice(0, SHARED_DIGITS) + digits.slice(at * OWN_DIGITS, (at + 1) * OWN_DIGITS);
      const remote = { ...question, requestId: own, budgets: deps.budgets };
      const takeBack = member.ask(remote, { deadlineMs, mayHang }, (answer) => arrived(inquiry, member, answer));
      if (awaited.has(member)) awaited.set(member, takeBack);
    }
  }

  /** Whether so many regions would be asked soon as make up the quorum: nobody waits for one that is slow alone. */
  function haveRoom(mayHang: boolean): boolean {
    const regions = new Set<string>();
    for (const { region, lanes } of members) if (lanes.hasRoom(mayHang)) regions.add(region);
    return regions.size >= rule.quorum;
  }

  /** Also the answer of one that came after all others, or after the outcome stood: it is learnt from. */
  function arrived(inquiry: Inquiry, member: Member, answer: LaneAnswer): void {
    if (!inquiry.awaited.delete(member)) return;
    const tookMs = clock.monotonicMs() - inquiry.startedMs;
    inquiry.answers.push([member, answer]);
    inquiry.votes.push(member.vote(answer, tookMs, trust.isQuarantined(member.name)));
    if (inquiry.tell !== null) {
      const awaited = [...inquiry.awaited.keys()].map(awaitedOf);
      const outcome = settledOutcome(inquiry.votes, awaited, rule, trust.isGood);
      if (outcome !== null) tellOnce(inquiry, outcome);
    }
    if (inquiry.awaited.size === 0) conclude(inquiry);
  }

  const awaitedOf = ({ name, region }: Member): Awaited => {
    return { verifier: name, region, quarantined: trust.isQuarantined(name) };
  };

  /** Who has not answered by now is silent. */
  function expire(inquiry: Inquiry): void {
    for (const [member, takeBack] of [...inquiry.awaited]) {
      takeBack();
      arrived(inquiry, member, { kind: 'failed', reason: 'timeout', detail: 'no reply in time', tookMs: 0 });
    }
  }

  function tellOnce(inquiry: Inquiry, outcome: Outcome): void {
    inquiry.tell?.(outcome);
    inquiry.tell = null;
    // Where questions wait, one that nobody needs an answer to any more makes room.
    for (const [member, takeBack] of inquiry.awaited) if (takeBack()) inquiry.awaited.delete(member);
  }

  /** Counted and learnt from at the end, because until then it can be withdrawn. */
  function conclude(inquiry: Inquiry): void {
    inquiry.forgetDeadline();
    open.delete(inquiry);
    const { truth, votes, answers } = inquiry;
    for (const [member, answer] of answers) member.count(answer, truth === null ? 'verification' : 'canary');
    const nowMs = clock.nowMs();
    const turns =
      truth === null ? trust.judge(votes, nowMs, inquiry.endpointId) : trust.judgeCanary(truth, votes, nowMs);
    for (const turn of turns) announce(turn);
    // Others go out while our own network is away, too.
    if (truth === 'up') deps.onCanary?.();
  }

  /** As if it had never been asked; answers that are under way find nobody who waits for them. */
  function withdraw(inquiry: Inquiry): void {
    if (!open.delete(inquiry)) return;
    inquiry.forgetDeadline();
    inquiry.tell = null;
    for (const takeBack of inquiry.awaited.values()) takeBack();
    inquiry.awaited.clear();
  }

  function announce({ verifier, to, why }: Turn): void {
    const isCaught = to === 'quarantined';
    if (isCaught) log.warn({ verifier, why }, 'the verifier is quarantined: its votes count for nothing');
    else log.info({ verifier, why }, 'the verifier is released from quarantine');
    try {
      if (isCaught) deps.onQuarantine(verifier, why);
      else deps.onRelease?.(verifier, why);
    } catch (error) {
      log.error({ err: error, verifier }, 'the quarantine of a verifier could not be reported');
    }
  }

  /** Votes as they are when the outcome stands: who is still awaited then is told apart from who was silent. */
  function verificationOf(inquiry: Inquiry, outcome: Outcome, reason: string): Verification {
    const tookMs = clock.monotonicMs() - inquiry.startedMs;
    const missing = [...inquiry.awaited.keys()].map((member) =>
      silentVote(member, reason, tookMs, trust.isQuarantined(member.name)),
    );
    const { downRegions } = tally(inquiry.votes, rule, trust.isGood);
    return {
      requestId: inquiry.requestId,
      outcome,
      votes: [...inquiry.votes, ...missing],
      quorum: rule.quorum,
      regions: rule.regions.length,
      downRegions,
    };
  }

  function newInquiry(endpointId: bigint, truth: Truth | null): Inquiry {
    return {
      endpointId,
      requestId: Buffer.from(random.bytes(16)).toString('hex'),
      startedMs: clock.monotonicMs(),
      votes: [],
      answers: [],
      awaited: new Map(),
      tell: null,
      forgetDeadline: () => {},
      truth,
    };
  }

  function askCanary(truth: Truth, url: string): void {
    // Names of a site like any other, so that nothing but the URL can give it away.
    const [siteId, endpointId] = [idOf(random), idOf(random)];
    const inquiry = newInquiry(endpointId, truth);
    start({ siteId, endpointId, url, timeoutMs: deps.timeoutMs, plan: deps.plan, mayHang: false }, inquiry);
  }

  const canaries =
    members.length === 0
      ? null
      : createCanaries({
          clock,
          random,
          knownUp: () => {
            try {
              return deps.knownUp();
            } catch (error) {
              log.error({ err: error }, 'no endpoint could be had that passed');
              return null;
            }
          },
          ask: askCanary,
          settings: deps.canaries ?? DEFAULT_CANARIES,
        });

  return {
    isConfigured: members.length > 0,
    ask(question, withdrawn, isWanted = () => true) {
      return new Promise((resolve) => {
        const inquiry = newInquiry(question.endpointId, null);
        const noVerdict = (reason: string) => {
          for (const member of members) inquiry.awaited.set(member, NOT_WAITING);
          resolve(verificationOf(inquiry, 'no_verdict', reason));
        };
        if (isStopped || withdrawn?.aborted || members.length === 0) {
          noVerdict(isStopped ? 'stopped' : 'withdrawn');
          return;
        }
        const begin = () => {
          inquiry.tell = (outcome) => {
            outcomes[outcome] += 1;
            resolve(verificationOf(inquiry, outcome, isStopped ? 'stopped' : 'not_awaited'));
          };
          start({ ...question, plan: question.plan ?? deps.plan }, inquiry);
        };
        const leave = turns[question.mayHang ? 'hanging' : 'others'].take({ begin, isWanted, missed: noVerdict });
        withdrawn?.addEventListener('abort', () => {
          leave();
          resolve(verificationOf(inquiry, 'no_verdict', 'withdrawn'));
          withdraw(inquiry);
        });
      });
    },
    report() {
      const byName = new Map(members.map((member) => [member.name, member]));
      const verifiers = trust.report().flatMap((known) => {
        const member = byName.get(known.verifier);
        return member === undefined ? [] : [{ ...known, ...member.report() }];
      });
      const { regions, quorum } = rule;
      return {
        regions: regions.length,
        quorum,
        open: open.size,
        waiting: turns.hanging.waiting() + turns.others.waiting(),
        outcomes: { ...outcomes },
        verifiers,
      };
    },
    memory(isKept) {
      const kept = <T>(known: Iterable<readonly [string, T]>) => new Map([...known].filter(([name]) => isKept(name)));
      const byName = members.map((member) => [member.name, member.memory()] as const);
      return { trust: kept(trust.memory()), members: kept(byName), outcomes: { ...outcomes } };
    },
    stop() {
      isStopped = true;
      canaries?.stop();
      turns.hanging.stop();
      turns.others.stop();
      deadlines.stop();
      for (const { lanes } of members) lanes.stop();
      for (const inquiry of open) tellOnce(inquiry, 'no_verdict');
      open.clear();
      for (const client of deps.clients) client.close();
    },
  };
}

/** A positive whole number of 31 bits. */
function idOf(random: Random): bigint {
  const bytes = random.bytes(4);
  return BigInt(1 + (new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0) >>> 1));
}
