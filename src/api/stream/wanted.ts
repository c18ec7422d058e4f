/** What one follower of the live stream wants to be told, and from where on. */
import type { QueryOf } from '../../contracts/contract.ts';
import type { StreamMessages, stream } from '../../contracts/utility.ts';
import { AppError } from '../../domain/errors.ts';
import { MAX_ID, type SiteId } from '../../domain/ids.ts';
import type { SiteScope } from '../../domain/site-scope.ts';
import { STATES, type State } from '../../domain/state.ts';
import { listOf } from '../query.ts';

export type Wanted = {
  /** Null: every site of the scope. */
  siteIds: ReadonlySet<SiteId> | null;
  /** Null: whatever the state. */
  states: ReadonlySet<State> | null;
};

type Query = QueryOf<typeof stream>;

const MAX_SITES = 100;

/** Throws `invalid_filter`. */
export function wantedOf(query: Query): Wanted {
  if (query.state !== undefined && query.state__in !== undefined) {
    throw new AppError('invalid_filter', 'state and state__in exclude each other', { fix: 'keep one of them' });
  }
  const states = query.state__in === undefined ? null : listOf('state__in', query.state__in, STATES);
  return {
    siteIds: query.site_id === undefined ? null : new Set(siteIdsIn(query.site_id)),
    states: query.state === undefined ? states && new Set(states) : new Set([query.state]),
  };
}

function siteIdsIn(text: string): SiteId[] {
  const words = text.split(',');
  const ids = words.map((word) => (/^[1-9]\d{0,18}$/.test(word) ? BigInt(word) : 0n));
  if (ids.length <= MAX_SITES && ids.every((id) => id > 0n && id <= MAX_ID)) return ids as SiteId[];
  throw new AppError('invalid_filter', `query member site_id is not 1 to ${MAX_SITES} ids of sites`, {
    fix: 'separate ids with commas, or leave it out to follow every site',
    details: { field: 'site_id' },
  });
}

/** Null: from now on. Throws `invalid_cursor`. */
export function positionIn(header: string | undefined, query: Query): bigint | null {
  const text = header ?? query.last_event_id;
  if (text === undefined || text === '') return null;
  const position = /^\d{1,19}$/.test(text) ? BigInt(text) : MAX_ID + 1n;
  if (position <= MAX_ID) return position;
  throw new AppError('invalid_cursor', 'Last-Event-ID is not an id of this stream', {
    fix: 'send the id of the last message you got, or none',
  });
}

/** Narrows the scope of a caller to one tenant. Throws `invalid_filter`. */
export function narrowed(scope: SiteScope, tenantId: string | undefined): SiteScope {
  if (tenantId === undefined) return scope;
  if (scope.kind === 'all' || scope.tenantId === tenantId) return { kind: 'tenant', tenantId };
  throw new AppError(
    'invalid_filter',
    'query member tenant_id: only the operator follows the sites of another tenant',
    {
      fix: 'leave tenant_id out: you are told of your own sites',
      details: { field: 'tenant_id' },
    },
  );
}

/** Followers of one scope for whom this is equal are told the same. */
export function keyOf({ siteIds, states }: Wanted): string {
  return `${siteIds === null ? '' : [...siteIds].join()}/${states === null ? '' : [...states].join()}`;
}

export function wantsTransition(wanted: Wanted, { site_id, transition }: StreamMessages['transition']): boolean {
  const { state_before, state_after } = transition;
  return wantsSite(wanted, site_id) && (wantsState(wanted, state_before) || wantsState(wanted, state_after));
}

export function wantsSite({ siteIds }: Wanted, siteId: number | bigint): boolean {
  return siteIds === null || siteIds.has(BigInt(siteId) as SiteId);
}

export function wantsState({ states }: Wanted, state: string | null): boolean {
  return states === null || states.has(state as State);
}
