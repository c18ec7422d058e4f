/**
 * Kills a process in the middle of its writing, again and again, and asks the database what became of every operation it
 * acknowledged: each must be there, whole and once. What was in doubt at a kill is sent again by the next process.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { sql } from 'kysely';
import { openDatabase } from '../../src/store/database.ts';
import { replay } from '../../src/store/replay.ts';
import { brokenInvariants } from '../kit/broken-invariants.ts';
import type { Orders } from './child.ts';
import { type PackedChild, packChild } from './packed-child.ts';
import { toLine } from './workload.ts';

export type CrashPlan = {
  /** The database, which must be ours alone. */
  url: string;
  seed: number;
  /** How many times a process is killed. */
  kills: number;
  /** More than that, when it takes more to be killed at every moment once. */
  coversAll?: boolean;
  /** Bursts a process works through when nobody kills it. */
  bursts: number;
  /** Of all kills, those at a moment drawn at random instead of around a statement, 0 to 1. */
  atRandom: number;
  progress?(text: string): void;
  /** Ends the killing; what was killed until then is judged. */
  signal?: AbortSignal;
};

export type CrashReport = {
  kills: number;
  /** Moments around statements and commits that a whole run passes, and how many of them were killed at. */
  moments: number;
  covered: number;
  acknowledged: number;
  /** Sent, but killed before the answer; sent again by the next process. */
  inDoubt: number;
  lost: string[];
  doubled: string[];
  broken: string[];
};

type Life = { killed: boolean; moments: number };

export async function crashLoop(plan: CrashPlan): Promise<CrashReport> {
  const { seed, bursts } = plan;
  const ledger = new Ledger();
  const program = await packChild();
  let warm = launch(program);
  async function live(nth: number, failAt: number, killAfterMs: number | null): Promise<Life> {
    const child = warm;
    // The next one loads its code while this one works.
    warm = launch(program);
    const inDoubt = [...ledger.inDoubt.values()].join('\n');
    const prefix = `run${nth}`;
    return run(child, { url: plan.url, seed: seed + nth, prefix, failAt, bursts, inDoubt }, ledger, killAfterMs);
  }
  try {
    const dry = await live(0, 0, null);
    const covered = new Set<number>();
    const random = Math.round(plan.kills * plan.atRandom);
    const enumerated = Math.max(plan.kills - random, plan.coversAll ? dry.moments : 0);
    const kills = enumerated + random;
    let done = 0;
    for (let nth = 1; done < kills && !plan.signal?.aborted; nth += 1) {
      if (nth > kills * 3 + 10) throw new Error(`only ${done} of ${kills} kills came about`);
      const isRandom = done >= enumerated;
      const failAt = isRandom ? 0 : momentFor(done, enumerated, dry.moments);
      const life = await live(nth, failAt, isRandom ? (nth * 37) % 120 : null);
      if (!life.killed) continue;
      done += 1;
      if (!isRandom) covered.add(failAt);
      plan.progress?.(`${done} of ${kills} kills, ${ledger.acknowledged.size} operations acknowledged`);
    }
    const last = await live(kills * 3 + 20, 0, null);
    if (last.killed || ledger.inDoubt.size > 0) throw new Error('the last run did not come to its end');
    const verdict = await ask(plan.url, ledger);
    return {
      kills: done,
      moments: dry.moments,
      covered: covered.size,
      acknowledged: ledger.acknowledged.size,
      inDoubt: ledger.resent,
      ...verdict,
    };
  } finally {
    if (isAlive(warm)) {
      warm.kill('SIGKILL');
      await once(warm, 'exit');
    }
    program.remove();
  }
}

/** Spread over all moments when there are fewer kills than these, round and round when there are more. */
function momentFor(nth: number, kills: number, moments: number): number {
  if (kills >= moments) return 1 + (nth % moments);
  return 1 + Math.floor((nth * moments) / kills);
}

/** What was sent and what was acknowledged, over all processes. */
export class Ledger {
  readonly acknowledged = new Map<string, number>();
  /** The line of each operation that was sent and not answered. */
  readonly inDoubt = new Map<string, string>();
  resent = 0;

  read(line: string): void {
    const [word = '', first = '', second = ''] = line.split(' ');
    if (word === 'send') {
      const operation = line.slice(5);
      this.inDoubt.set((JSON.parse(operation) as { opId: string }).opId, operation);
    } else if (word === 'ack') {
      this.inDoubt.delete(first);
      this.acknowledged.set(first, Number(second));
    }
  }
}

function launch({ file, env }: PackedChild): ChildProcess {
  return spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'inherit'], env });
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function run(child: ChildProcess, orders: Orders, ledger: Ledger, killAfterMs: number | null): Promise<Life> {
  ledger.resent += ledger.inDoubt.size;
  child.stdin?.end(toLine(orders));
  let moments = 0;
  let isArmed = killAfterMs !== null;
  const take = (line: string) => {
    if (line.startsWith('moments ')) moments = Number(line.slice(8));
    ledger.read(line);
    if (!isArmed || killAfterMs === null) return;
    // From the first word on it is at work.
    isArmed = false;
    setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  let rest = '';
  for await (const chunk of child.stdout ?? []) {
    const lines = (rest + String(chunk)).split('\n');
    // A line that was cut short was not said.
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  }
  if (isAlive(child)) await once(child, 'exit');
  if (child.signalCode !== 'SIGKILL' && child.exitCode !== 0)
    throw new Error(`the process ended with ${child.exitCode}`);
  return { killed: child.signalCode === 'SIGKILL', moments };
}

/** Asks the database itself, from outside, whether what was acknowledged is there. */
export async function ask(
  url: string,
  ledger: { acknowledged: ReadonlyMap<string, number> },
): Promise<Pick<CrashReport, 'lost' | 'doubled' | 'broken'>> {
  const db = await openDatabase({ url });
  try {
    const { rows } = await sql<{ op_id: string }>`select op_id from jetmon_event_transitions`.execute(db.kysely);
    const stored = new Map<string, number>();
    const seen = new Set<string>();
    const doubled: string[] = [];
    for (const { op_id } of rows) {
      if (seen.has(op_id)) doubled.push(op_id);
      seen.add(op_id);
      const [operation = '', place] = op_id.split('/');
      if (place !== 'site') stored.set(operation, (stored.get(operation) ?? 0) + 1);
    }
    const lost: string[] = [];
    for (const [opId, transitions] of ledger.acknowledged) {
      const there = stored.get(opId) ?? 0;
      if (there < transitions) lost.push(opId);
      if (there > transitions) doubled.push(opId);
    }
    for (const opId of stored.keys()) if (!ledger.acknowledged.has(opId)) doubled.push(`${opId} (never acknowledged)`);
    const broken = await brokenInvariants(db);
    const { differences } = await replay(db, { limitDifferences: 3 });
    return { lost, doubled, broken: [...broken, ...differences.map((difference) => JSON.stringify(difference))] };
  } finally {
    await db.close();
  }
}
