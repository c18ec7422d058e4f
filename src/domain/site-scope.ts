/** Whose sites a call may see and change. Every call of a repository takes one, and there is no default to forget it by. */
export type SiteScope =
  /** The operator's own view, and that of the engine. */
  | { kind: 'all' }
  /** What lies outside is not there, for all that a tenant can tell. */
  | { kind: 'tenant'; tenantId: string };

export const EVERY_SITE: SiteScope = { kind: 'all' };

/** Nobody's sites: no tenant has this name. For those of whom nothing says whose sites they may see. */
export const NO_SITE: SiteScope = { kind: 'tenant', tenantId: '' };
