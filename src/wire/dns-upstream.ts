/**
 * One resolver that we ask: over UDP, over TCP where the answer has no room, without EDNS where it does not know that.
 * It remembers whether the resolver is alive, because silence about one name means something else than silence.
 */
import type { Clock, Timer } from '../lib/clock.ts';
import type { Deadlines } from './deadlines.ts';
import { buildQuery, type Query, type Reply, readReply } from './dns-message.ts';
import { TcpConnections } from './dns-tcp.ts';
import type { DnsTrouble, Listener, OpenQuery } from './dns-transport.ts';
import { UdpPorts } from './dns-udp.ts';
import { type ResolverAddress, resolverName } from './resolv-conf.ts';

export type UpstreamParts = { clock: Clock; deadlines: Deadlines; randomId: () => number };

export interface Asker {
  /** What came of it; at most once, never before `ask` has returned. Silence is nothing that is told. */
  answered(upstream: Upstream, outcome: Reply | DnsTrouble): void;
}

/** A sign of life that is younger speaks for a resolver that had no time to give another one. */
const RECENT_MS = 5_000;
/** A resolver that had so long to answer the question whether it lives had its chance. */
const SIGN_WAIT_MS = 200;
/** Then it counts as dead, and is asked after the others until it answers anything. */
const DEAD_AFTER_MS = 2_000;
const ASK_THE_DEAD_EVERY_MS = 5_000;
const FORGET_EDNS_MS = 600_000;
/** Of the last answer that names were found with: a resolver without an uplink has none, though it speaks. */
const RESOLVES_MS = 120_000;

/** Every resolver can say something about the root, be it that it will not. */
const LIFE_QUERY = buildQuery('NS', '.');

export class Upstream {
  readonly name: string;
  /** The list of it alone, for answers that it gave. */
  readonly alone: readonly Upstream[] = [this];
  readonly #parts: UpstreamParts;
  readonly #udp: UdpPorts;
  readonly #tcp: TcpConnections;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #resolvedMs = Number.NEGATIVE_INFINITY;
  #lifeAskedMs = Number.NEGATIVE_INFINITY;
  #lifeQuery: OpenQuery | null = null;
  #lifeTimer: Timer | null = null;
  #isDead = false;
  #knowsNoEdnsUntilMs = Number.NEGATIVE_INFINITY;

  constructor(address: ResolverAddress, parts: UpstreamParts) {
    this.name = resolverName(address);
    this.#parts = parts;
    this.#udp = new UdpPorts(address, parts.randomId);
    this.#tcp = new TcpConnections(address, parts.randomId);
  }

  ask(query: Query, asker: Asker): OpenQuery {
    const isPlain = this.#parts.clock.monotonicMs() < this.#knowsNoEdnsUntilMs;
    const one = new UpstreamQuery(this, query, asker, this.#udp, this.#tcp);
    one.sendUdp(isPlain);
    return one;
  }

  close(): void {
    this.#endLifeQuery();
    this.#udp.close();
    this.#tcp.close();
  }

  /** Nothing has been heard since it was asked whether it lives. */
  get isDead(): boolean {
    return this.#isDead;
  }

  /** Whether it lives, as far as its silence since `sinceMs` allows to say. */
  isAlive(sinceMs: number): boolean {
    if (this.#answeredMs >= sinceMs) return true;
    const nowMs = this.#parts.clock.monotonicMs();
    const hadItsChance = this.#lifeAskedMs > this.#answeredMs && nowMs - this.#lifeAskedMs >= SIGN_WAIT_MS;
    return !this.#isDead && !hadItsChance && nowMs - this.#answeredMs <= RECENT_MS;
  }

  /** Asks for a sign of life, unless one has come since `sinceMs` or is being waited for. */
  askForLife(sinceMs: number): void {
    if (this.#answeredMs >= sinceMs || this.#lifeQuery !== null || LIFE_QUERY === null) return;
    this.#lifeAskedMs = this.#parts.clock.monotonicMs();
    this.#lifeQuery = this.#udp.send(LIFE_QUERY, true, {
      onReply: () => this.heard(),
      onTrouble: (trouble) => {
        this.#endLifeQuery();
        this.troubled(trouble);
      },
    });
    this.#lifeTimer = this.#parts.deadlines.after(DEAD_AFTER_MS, () => {
      this.#isDead = true;
      this.#endLifeQuery();
    });
  }

  /** The dead are asked now and then whether they live again. */
  visitGrave(): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#lifeAskedMs >= ASK_THE_DEAD_EVERY_MS) this.askForLife(nowMs);
  }

  heard(): void {
    this.#answeredMs = this.#parts.clock.monotonicMs();
    this.#isDead = false;
    this.#endLifeQuery();
  }

  /** What was heard last was an answer: addresses, or that there are none. */
  resolved(): void {
    this.#resolvedMs = this.#answeredMs;
  }

  /** Whether it lately found out about any name. */
  get resolves(): boolean {
    return this.#parts.clock.monotonicMs() - this.#resolvedMs <= RESOLVES_MS;
  }

  troubled({ kind }: DnsTrouble): void {
    if (kind === 'unreachable') this.#isDead = true;
  }

  knowsNoEdns(): void {
    this.#knowsNoEdnsUntilMs = this.#parts.clock.monotonicMs() + FORGET_EDNS_MS;
  }

  #endLifeQuery(): void {
    this.#lifeQuery?.cancel();
    this.#lifeQuery = null;
    this.#lifeTimer?.cancel();
    this.#lifeTimer = null;
  }
}

/** One query on its way through EDNS, plain DNS and TCP. */
class UpstreamQuery implements OpenQuery, Listener {
  readonly #upstream: Upstream;
  readonly #query: Query;
  readonly #asker: Asker;
  readonly #udp: UdpPorts;
  readonly #tcp: TcpConnections;
  #open: OpenQuery | null = null;
  #isPlain = false;
  #isOverTcp = false;
  /** Asked again without EDNS because the first try was not understood. */
  #isSecondTry = false;

  constructor(upstream: Upstream, query: Query, asker: Asker, udp: UdpPorts, tcp: TcpConnections) {
    this.#upstream = upstream;
    this.#query = query;
    this.#asker = asker;
    this.#udp = udp;
    this.#tcp = tcp;
  }

  sendUdp(isPlain: boolean): void {
    this.#isPlain = isPlain;
    this.#open = this.#udp.send(this.#query, isPlain, this);
  }

  cancel(): void {
    this.#open?.cancel();
    this.#open = null;
  }

  onReply(message: Buffer): void {
    this.#upstream.heard();
    const reply = readReply(message, this.#query);
    if (reply.kind === 'not_understood' && !this.#isPlain && !this.#isOverTcp) {
      this.#isSecondTry = true;
      this.sendUdp(true);
      return;
    }
    if (reply.kind === 'truncated' && !this.#isOverTcp) {
      this.#isOverTcp = true;
      this.#open = this.#tcp.send(this.#query, this.#isPlain, this);
      return;
    }
    if (this.#isSecondTry && reply.kind !== 'not_understood') this.#upstream.knowsNoEdns();
    this.#asker.answered(this.#upstream, reply);
  }

  onTrouble(trouble: DnsTrouble): void {
    this.#upstream.troubled(trouble);
    this.#asker.answered(this.#upstream, trouble);
  }
}
