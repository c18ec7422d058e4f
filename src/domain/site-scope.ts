/** Whose sites a call may see and change. Every call of a repository takes one, and there is no default to forget it by. */
export type SiteScope =
  /** The operator's own view, and that of the engine. */
  | { kind: 'all' }
  /** What lies outside is not there, for all that a tenant can tell. */
  | { kind: 'tenant'; tenantId: string };

export type EverySite = Extract<SiteScope, { kind: 'all' }>;

export const EVERY_SITE: EverySite = { kind: 'all' };

/** Nobody's sites: no tenant has this name. For those of whom nothing says whose sites they may see. */
export const NO_SITE: SiteScope = { kind: 'tenant', tenantId: '' };

declare const inScope: unique symbol;

/**
 * What a lookup within a scope has found. A read that takes one in the place of a scope need not ask the database again whose
 * it is, and cannot be called with an id as it came in a request.
 */
export type Scoped<Id> = Id & { readonly [inScope]: true };

/** For the engine, and for what is shown to nobody before it is sorted by who may see it. */
export function scoped<Id>(_scope: EverySite, id: Id): Scoped<Id> {
  return id as Scoped<Id>;
}
