/**
 * How far each verifier is believed (reliability.md E23): by its agreement in verifications with what the quorum of the
 * other regions found without it, and by canaries, whose answer is known. Those two never mix, as the many of one would
 * hide the few of the other; nor do up and down, as most sites that are asked about are down.
 */
import { type QuorumRule, regionSays } from './quorum.ts';
import type { Vote } from './verification.ts';

export type Truth = 'down' | 'up';

/** `good`: believed when it is alone. `unproven`: too little is known. `poor`: its votes count, but not alone. */
export type Standing = 'good' | 'unproven' | 'poor' | 'quarantined';

/** What changed about a verifier, and why, in words for an operator. */
export type Turn = { verifier: string; to: 'quarantined' | 'released'; why: string };

export type TrustReport = {
  verifier: string;
  region: string;
  standing: Standing;
  /** Agreement in verifications: the smaller of its two shares, 0 to 1; null without evidence. */
  score: number | null;
  /** Of the newest answers in verifications: how many there are to judge by, and how many agreed with the others. */
  seen: Readonly<Record<Truth, { judged: number; right: number }>>;
  /** Of all canaries. */
  canaries: { right: number; wrong: number };
  /** Why it is in quarantine, and since when, ms since the epoch; null when it is not. */
  quarantinedWhy: string | null;
  quarantinedSinceMs: number | null;
};

/** What is known of each verifier by name, to go on with under another list of them. */
export type TrustMemory = ReadonlyMap<string, Account>;

export interface Trust {
  isGood(verifier: string): boolean;
  isQuarantined(verifier: string): boolean;
  /**
   * Learns from a verification of this endpoint, once every vote is in that will come. One endpoint speaks against a
   * verifier once a day: where a region alone cannot reach it, that is asked about again and again, and is no lie.
   */
  judge(votes: readonly Vote[], nowMs: number, endpointId: bigint): Turn[];
  /**
   * Learns from a canary. A name that cannot exist is down whatever anybody says; an endpoint that just passed may have
   * failed since, so that a "down" of it is wrong only where the quorum of the others says up.
   */
  judgeCanary(truth: Truth, votes: readonly Vote[], nowMs: number): Turn[];
  report(): TrustReport[];
  memory(): TrustMemory;
}

/** Newest answers that count, of each truth and kind. */
export const WINDOW = 64;
/** Fewer prove nothing. */
export const MIN_EVIDENCE = 20;
export const GOOD_SHARE = 0.9;
export const POOR_SHARE = 0.6;
/** Of one in good standing: what a window that is full may hold of them, also while it is not. */
const MOST_MISSES = Math.floor((1 - GOOD_SHARE) * WINDOW);
/** So many of the newest names that cannot exist may be said to be up: one can be a resolver that slipped. */
const LIES = { of: 20, quarantine: 2 };
/**
 * So long one endpoint speaks against a verifier, or for it, no more than once, and so many endpoints are kept in mind for
 * that: one that is asked about again and again neither makes a liar of who alone cannot reach it, nor washes lies out.
 */
const ONE_ENDPOINT = { againstMs: 86_400_000, forMs: 3_600_000, most: 1_000 };
/** Canaries of each kind that must be right in a row to leave quarantine: each time twice as many. */
const CLEAN_RUN = { first: 10, most: 160 };

type Account = {
  verifier: string;
  region: string;
  agreement: Record<Truth, Window>;
  /** When an endpoint spoke against it, and for it, the earliest first. */
  against: Map<bigint, number>;
  inFavour: Map<bigint, number>;
  known: Record<Truth, Window>;
  canaries: { right: number; wrong: number };
  quarantine: { why: string; sinceMs: number } | null;
  quarantines: number;
  /** Right canaries in a row since it was quarantined. */
  run: Record<Truth, number>;
};

/** `before`: what is known already of some of them; it is not to be used elsewhere any more. */
export function createTrust(
  verifiers: readonly { name: string; region: string }[],
  rule: QuorumRule,
  before: TrustMemory = new Map(),
): Trust {
  const accounts = new Map(
    verifiers.map(({ name, region }): [string, Account] => {
      const known = before.get(name);
      return [name, known === undefined ? newAccount(name, region) : { ...known, region }];
    }),
  );

  /** What more than half of all regions say without this one: whatever the quorum is, so few cannot judge so many. */
  function othersSay(says: ReadonlyMap<string, Truth>, counts: Record<Truth, number>, region: string): Truth | null {
    const own = says.get(region);
    const majority = Math.floor(rule.regions.length / 2) + 1;
    const enough = Math.min(majority, rule.regions.length - 1);
    if (enough < 1) return null;
    for (const truth of ['down', 'up'] as const) if (counts[truth] - Number(own === truth) >= enough) return truth;
    return null;
  }

  /** Every vote of a verifier we know, with what the others found. */
  function* judged(votes: readonly Vote[]): Generator<{ account: Account; says: Truth; others: Truth | null }> {
    const says = regionSays(votes, rule);
    const counts = { down: 0, up: 0 };
    for (const say of says.values()) counts[say] += 1;
    for (const vote of votes) {
      const account = accounts.get(vote.verifier);
      if (account === undefined || vote.says === 'none') continue;
      yield { account, says: vote.says, others: othersSay(says, counts, account.region) };
    }
  }

  return {
    isGood(verifier) {
      const account = accounts.get(verifier);
      return account !== undefined && standingOf(account) === 'good';
    },
    isQuarantined: (verifier) => (accounts.get(verifier)?.quarantine ?? null) !== null,
    judge(votes, nowMs, endpointId) {
      const turns: Turn[] = [];
      for (const { account, says, others } of judged(votes)) {
        if (others === null || account.quarantine !== null) continue;
        if (!speaks(account, says === others, endpointId, nowMs)) continue;
        account.agreement[others].add(says === others);
        turns.push(...sentence(account, nowMs));
      }
      return turns;
    },
    judgeCanary(truth, votes, nowMs) {
      const turns: Turn[] = [];
      for (const { account, says, others } of judged(votes)) {
        const isRight = says === truth;
        if (!isRight && truth === 'up' && others !== 'up') continue;
        account.canaries[isRight ? 'right' : 'wrong'] += 1;
        if (account.quarantine !== null) turns.push(...serve(account, truth, isRight));
        else {
          account.known[truth].add(isRight);
          turns.push(...sentence(account, nowMs));
        }
      }
      return turns;
    },
    report: () => [...accounts.values()].map(reportOf),
    memory: () => accounts,
  };
}

function newAccount(verifier: string, region: string): Account {
  return {
    verifier,
    region,
    ...cleanSlate(),
    canaries: { right: 0, wrong: 0 },
    quarantine: null,
    quarantines: 0,
  };
}

function cleanSlate() {
  return {
    agreement: { down: createWindow(WINDOW), up: createWindow(WINDOW) },
    against: new Map<bigint, number>(),
    inFavour: new Map<bigint, number>(),
    known: { down: createWindow(LIES.of), up: createWindow(WINDOW) },
    run: { down: 0, up: 0 },
  };
}

/** Whether it is the first time in a while. */
function speaks({ against, inFavour }: Account, isRight: boolean, endpointId: bigint, nowMs: number): boolean {
  const [spoken, everyMs] = isRight ? [inFavour, ONE_ENDPOINT.forMs] : [against, ONE_ENDPOINT.againstMs];
  if (nowMs - (spoken.get(endpointId) ?? Number.NEGATIVE_INFINITY) < everyMs) return false;
  spoken.delete(endpointId);
  spoken.set(endpointId, nowMs);
  const [earliest] = spoken.keys();
  if (spoken.size > ONE_ENDPOINT.most && earliest !== undefined) spoken.delete(earliest);
  return true;
}

/** Quarantines who was caught lying. */
function sentence(account: Account, nowMs: number): Turn[] {
  const why = whyLiar(account);
  if (why === null) return [];
  account.quarantine = { why, sinceMs: nowMs };
  account.quarantines += 1;
  account.run = { down: 0, up: 0 };
  return [{ verifier: account.verifier, to: 'quarantined', why }];
}

function whyLiar({ agreement, known }: Account): string | null {
  const lies = missesOf(known.down);
  if (lies >= LIES.quarantine)
    return `it called ${lies} of the last ${known.down.size()} names up that cannot exist: its resolver invents answers, or it lies`;
  const suspects = [
    ['sites', 'up', agreement.up],
    ['sites', 'down', agreement.down],
    ['canaries', 'up', known.up],
  ] as const;
  for (const [what, truth, window] of suspects) {
    if (window.size() < MIN_EVIDENCE || window.right() >= POOR_SHARE * window.size()) continue;
    return `it said otherwise on ${missesOf(window)} of the last ${window.size()} ${what} that the others found ${truth}: its network is in trouble, or it lies`;
  }
  return null;
}

/** A canary of one in quarantine: enough of both kinds right in a row, and it starts anew. */
function serve(account: Account, truth: Truth, isRight: boolean): Turn[] {
  if (!isRight) {
    account.run = { down: 0, up: 0 };
    return [];
  }
  account.run[truth] += 1;
  const needed = Math.min(CLEAN_RUN.first * 2 ** (account.quarantines - 1), CLEAN_RUN.most);
  if (account.run.down < needed || account.run.up < needed) return [];
  Object.assign(account, cleanSlate(), { quarantine: null });
  const why = `it was right about ${needed} canaries of each kind in a row`;
  return [{ verifier: account.verifier, to: 'released', why }];
}

function standingOf({ quarantine, agreement, known }: Account): Standing {
  if (quarantine !== null) return 'quarantined';
  const isPoor = (truth: Truth) =>
    missesOf(agreement[truth]) > MOST_MISSES ||
    missesOf(known[truth]) > MOST_MISSES ||
    !isGoodShare(agreement[truth]) ||
    !isGoodShare(known[truth]);
  if (isPoor('down') || isPoor('up')) return 'poor';
  const isProven = (truth: Truth) => [agreement, known].some((of) => of[truth].size() >= MIN_EVIDENCE);
  return isProven('down') && isProven('up') ? 'good' : 'unproven';
}

/** Of few answers nothing follows but that there are not too many wrong ones among them. */
function isGoodShare(window: Window): boolean {
  return window.size() < MIN_EVIDENCE || window.right() >= GOOD_SHARE * window.size();
}

function missesOf(window: Window): number {
  return window.size() - window.right();
}

function reportOf(account: Account): TrustReport {
  const { verifier, region, agreement, canaries, quarantine } = account;
  const { down, up } = agreement;
  const shares = [up, down].filter((window) => window.size() > 0).map((window) => window.right() / window.size());
  return {
    verifier,
    region,
    standing: standingOf(account),
    score: shares.length === 0 ? null : Math.min(...shares),
    seen: {
      down: { judged: down.size(), right: down.right() },
      up: { judged: up.size(), right: up.right() },
    },
    canaries: { ...canaries },
    quarantinedWhy: quarantine?.why ?? null,
    quarantinedSinceMs: quarantine?.sinceMs ?? null,
  };
}

/** The newest answers, right or wrong. */
type Window = { add(isRight: boolean): void; size(): number; right(): number };

function createWindow(length: number): Window {
  const answers = new Uint8Array(length);
  let at = 0;
  let size = 0;
  let right = 0;
  return {
    add(isRight) {
      if (size === length) right -= answers[at] ?? 0;
      else size += 1;
      answers[at] = Number(isRight);
      right += Number(isRight);
      at = (at + 1) % length;
    },
    size: () => size,
    right: () => right,
  };
}
