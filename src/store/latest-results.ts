/** The latest result of every endpoint in memory: columns by slot, because nearly all are healthy and there are millions. */
import type { EndpointId, SiteId } from '../domain/ids.ts';
import type { State } from '../domain/state.ts';
import type { Timings } from '../domain/timings.ts';
import { type Column, lengthened, reserved } from '../lib/columns.ts';
import { createIdTable } from '../lib/id-table.ts';
import { createTextArena } from '../lib/text-arena.ts';

export type LatestResult = {
  state: State;
  reason: string;
  /** One plain sentence; may quote what a server sent. */
  summary: string;
  httpCode: number | null;
  address: string | null;
  timings: Timings;
  /** Null without TLS. A look that failed leaves what an earlier one saw. */
  certificateExpiresAtMs: number | null;
  /** Start of the probe. */
  checkedAtMs: number;
};

/** A slot is what the methods below speak of; it belongs to one endpoint until that is removed. */
export interface LatestResults {
  find(endpointId: EndpointId): number;
  /** For an endpoint that has no slot. Until something is put there it has no result. */
  add(endpointId: EndpointId, siteId: SiteId): number;
  remove(slot: number): void;
  size(): number;
  /** All slots are below. */
  extent(): number;
  /** Makes room for so many endpoints. */
  reserve(slots: number): void;
  isUsed(slot: number): boolean;
  endpointId(slot: number): EndpointId;
  siteId(slot: number): SiteId;
  put(slot: number, result: LatestResult): void;
  /** What a newer look found that says otherwise the same. */
  refresh(slot: number, look: Pick<LatestResult, 'checkedAtMs' | 'httpCode' | 'timings'>): void;
  get(slot: number): LatestResult;
  state(slot: number): State;
  checkedAtMs(slot: number): number;
  certificateExpiresAtMs(slot: number): number | null;
  /** A number that is the same for results of one state and reason. */
  kind(slot: number): number;
}

const PHASES = ['dns', 'tcp', 'tls', 'sent', 'ttfb', 'headers', 'body', 'total'] as const;
/** Of timings, which are kept in whole microseconds. */
const ABSENT = -1;
const MAX_MICROSECONDS = 2 ** 31 - 1;
/** Of ids: a site's is never as low. */
const UNUSED = -(2n ** 63n);

type Kind = { state: State; reason: string };

export function createLatestResults(): LatestResults {
  const table = createIdTable();
  const texts = createTextArena();
  const kinds: Kind[] = [];
  const kindNumbers = new Map<string, number>();
  let siteIds = new BigInt64Array(0);
  let checkedAt = new Float64Array(0);
  let expiresAt = new Float64Array(0);
  let httpCodes = new Uint16Array(0);
  let timings = new Int32Array(0);
  let kindOf = new Uint32Array(0);
  let addresses = new Uint32Array(0);
  let summaries = new Uint32Array(0);

  function makeRoom(lengthen: <C extends Column>(column: C, perSlot: number) => C): void {
    siteIds = lengthen(siteIds, 1);
    checkedAt = lengthen(checkedAt, 1);
    expiresAt = lengthen(expiresAt, 1);
    httpCodes = lengthen(httpCodes, 1);
    timings = lengthen(timings, PHASES.length);
    kindOf = lengthen(kindOf, 1);
    addresses = lengthen(addresses, 1);
    summaries = lengthen(summaries, 1);
  }

  /** States and reasons are words of the program, so that there are few. */
  function numberOf(state: State, reason: string): number {
    const last = kinds[lastKind];
    if (last?.reason === reason && last.state === state) return lastKind;
    const key = `${state} ${reason}`;
    const known = kindNumbers.get(key);
    lastKind = known ?? kinds.push({ state, reason }) - 1;
    if (known === undefined) kindNumbers.set(key, lastKind);
    return lastKind;
  }
  let lastKind = 0;

  function kindAt(slot: number): Kind {
    return kinds[kindOf[slot] ?? 0] ?? { state: 'Unknown', reason: '' };
  }

  function putLook(slot: number, look: Pick<LatestResult, 'checkedAtMs' | 'httpCode' | 'timings'>): void {
    checkedAt[slot] = look.checkedAtMs;
    httpCodes[slot] = look.httpCode ?? 0;
    const at = slot * PHASES.length;
    for (let phase = 0; phase < PHASES.length; phase += 1) {
      const ms = look.timings[PHASES[phase] ?? 'total'];
      timings[at + phase] = ms === undefined ? ABSENT : Math.min(Math.round(ms * 1_000), MAX_MICROSECONDS);
    }
  }

  function timingsAt(slot: number): Timings {
    const found: Timings = {};
    for (const [phase, name] of PHASES.entries()) {
      const microseconds = timings[slot * PHASES.length + phase] ?? ABSENT;
      if (microseconds !== ABSENT) found[name] = microseconds / 1_000;
    }
    return found;
  }

  function textAt(number: number | undefined): string | null {
    return number ? texts.get(number) : null;
  }

  function drop(number: number | undefined): void {
    if (number) texts.drop(number);
  }

  function expiryAt(slot: number): number | null {
    const expiry = expiresAt[slot] ?? Number.NaN;
    return Number.isNaN(expiry) ? null : expiry;
  }

  return {
    find: table.find,
    add(endpointId, siteId) {
      const slot = table.add(endpointId);
      if (slot >= siteIds.length) makeRoom((column, perSlot) => lengthened(column, (slot + 1) * perSlot - 1));
      siteIds[slot] = siteId;
      expiresAt[slot] = Number.NaN;
      return slot;
    },
    remove(slot) {
      table.remove(slot);
      drop(addresses[slot]);
      drop(summaries[slot]);
      addresses[slot] = 0;
      summaries[slot] = 0;
      siteIds[slot] = UNUSED;
    },
    size: table.size,
    extent: table.extent,
    reserve(slots) {
      table.reserve(slots);
      makeRoom((column, perSlot) => reserved(column, slots * perSlot));
    },
    isUsed: (slot) => siteIds[slot] !== UNUSED,
    endpointId: (slot) => table.idAt(slot) as EndpointId,
    siteId: (slot) => (siteIds[slot] ?? 0n) as SiteId,
    put(slot, result) {
      putLook(slot, result);
      kindOf[slot] = numberOf(result.state, result.reason);
      expiresAt[slot] = result.certificateExpiresAtMs ?? Number.NaN;
      summaries[slot] = texts.put(summaries[slot] ?? 0, result.summary);
      if (result.address !== null) addresses[slot] = texts.put(addresses[slot] ?? 0, result.address);
      else {
        drop(addresses[slot]);
        addresses[slot] = 0;
      }
    },
    refresh: putLook,
    get(slot) {
      return {
        ...kindAt(slot),
        summary: textAt(summaries[slot]) ?? '',
        httpCode: httpCodes[slot] || null,
        address: textAt(addresses[slot]),
        timings: timingsAt(slot),
        certificateExpiresAtMs: expiryAt(slot),
        checkedAtMs: checkedAt[slot] ?? 0,
      };
    },
    state: (slot) => kindAt(slot).state,
    checkedAtMs: (slot) => checkedAt[slot] ?? 0,
    certificateExpiresAtMs: expiryAt,
    kind: (slot) => kindOf[slot] ?? 0,
  };
}
