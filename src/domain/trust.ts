/**
 * How far each verifier is believed (reliability.md E23). It is measured by what the quorum of the other regions found
 * without it, and by canaries: questions whose answer is known. What is up and what is down count apart, because most
 * sites that are asked about are down, and whoever always says so would look right.
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
  /** The smaller of its two shares of right answers, 0 to 1; null without evidence. */
  score: number | null;
  /** Of the newest answers: how many there are to judge by, and how many were right. */
  seen: Readonly<Record<Truth, { judged: number; right: number }>>;
  canaries: { right: number; wrong: number };
  /** Why it is in quarantine; null when it is not. */
  quarantinedWhy: string | null;
};

export interface Trust {
  isGood(verifier: string): boolean;
  isQuarantined(verifier: string): boolean;
  /** Learns from a verification, once every vote is in that will come. */
  judge(votes: readonly Vote[]): Turn[];
  /**
   * Learns from a canary. A name that cannot exist is down whatever anybody says; an endpoint that just passed may have
   * failed since, so that a "down" of it is wrong only where the quorum of the others says up.
   */
  judgeCanary(truth: Truth, votes: readonly Vote[]): Turn[];
  report(): TrustReport[];
}

/** Newest answers that count, of each truth. */
export const WINDOW = 64;
/** Fewer prove nothing. */
export const MIN_EVIDENCE = 20;
export const GOOD_SHARE = 0.9;
export const POOR_SHARE = 0.6;
/** So many of the newest names that cannot exist may be said to be up: one can be a resolver that slipped. */
const LIES = { of: 20, quarantine: 2 };
/** Canaries of each kind that must be right in a row to leave quarantine: each time twice as many. */
const CLEAN_RUN = { first: 10, most: 160 };

type Account = {
  verifier: string;
  region: string;
  down: Window;
  up: Window;
  /** Answers about names that cannot exist. */
  flat: Window;
  canaries: { right: number; wrong: number };
  quarantinedWhy: string | null;
  quarantines: number;
  /** Right canaries in a row since it was quarantined. */
  run: Record<Truth, number>;
};

export function createTrust(verifiers: readonly { name: string; region: string }[], rule: QuorumRule): Trust {
  const accounts = new Map(verifiers.map(({ name, region }) => [name, newAccount(name, region)]));

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
    isQuarantined: (verifier) => (accounts.get(verifier)?.quarantinedWhy ?? null) !== null,
    judge(votes) {
      const turns: Turn[] = [];
      for (const { account, says, others } of judged(votes)) {
        if (others === null || account.quarantinedWhy !== null) continue;
        account[others].add(says === others);
        turns.push(...sentence(account));
      }
      return turns;
    },
    judgeCanary(truth, votes) {
      const turns: Turn[] = [];
      for (const { account, says, others } of judged(votes)) {
        const isRight = says === truth;
        if (!isRight && truth === 'up' && others !== 'up') continue;
        account.canaries[isRight ? 'right' : 'wrong'] += 1;
        if (account.quarantinedWhy !== null) turns.push(...serve(account, truth, isRight));
        else {
          account[truth].add(isRight);
          if (truth === 'down') account.flat.add(isRight);
          turns.push(...sentence(account));
        }
      }
      return turns;
    },
    report: () => [...accounts.values()].map(reportOf),
  };
}

function newAccount(verifier: string, region: string): Account {
  return {
    verifier,
    region,
    ...cleanSlate(),
    canaries: { right: 0, wrong: 0 },
    quarantinedWhy: null,
    quarantines: 0,
  };
}

function cleanSlate() {
  return {
    down: createWindow(WINDOW),
    up: createWindow(WINDOW),
    flat: createWindow(LIES.of),
    run: { down: 0, up: 0 },
  };
}

/** Quarantines who was caught lying. */
function sentence(account: Account): Turn[] {
  const why = whyLiar(account);
  if (why === null) return [];
  account.quarantinedWhy = why;
  account.quarantines += 1;
  account.run = { down: 0, up: 0 };
  return [{ verifier: account.verifier, to: 'quarantined', why }];
}

function whyLiar({ flat, up, down }: Account): string | null {
  const lies = flat.size() - flat.right();
  if (lies >= LIES.quarantine)
    return `it called ${lies} of the last ${flat.size()} names up that cannot exist: its resolver invents answers, or it lies`;
  for (const [truth, window] of [
    ['up', up],
    ['down', down],
  ] as const) {
    if (window.size() < MIN_EVIDENCE || window.right() >= POOR_SHARE * window.size()) continue;
    const missed = window.size() - window.right();
    return `it said otherwise on ${missed} of the last ${window.size()} sites that the others found ${truth}: its network is in trouble, or it lies`;
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
  Object.assign(account, cleanSlate(), { quarantinedWhy: null });
  const why = `it was right about ${needed} canaries of each kind in a row`;
  return [{ verifier: account.verifier, to: 'released', why }];
}

function standingOf({ quarantinedWhy, up, down }: Account): Standing {
  if (quarantinedWhy !== null) return 'quarantined';
  const windows = [up, down];
  if (windows.some((window) => window.size() >= MIN_EVIDENCE && !isGoodShare(window))) return 'poor';
  return windows.some((window) => window.size() < MIN_EVIDENCE) ? 'unproven' : 'good';
}

function isGoodShare(window: Window): boolean {
  return window.right() >= GOOD_SHARE * window.size();
}

function reportOf(account: Account): TrustReport {
  const { verifier, region, up, down, canaries, quarantinedWhy } = account;
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
    quarantinedWhy,
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
