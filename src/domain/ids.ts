/** Ids are 64-bit and stay exact: `bigint` in the program, JSON integers on the wire (lib/json). */

/** What a customer owns; `blog_id` of the legacy registry. */
export type SiteId = bigint & { readonly brand: 'SiteId' };
/** One monitored URL; `jetpack_monitor_site_id`, the row id of the legacy registry. */
export type EndpointId = bigint & { readonly brand: 'EndpointId' };
/** One incident. */
export type EventId = bigint & { readonly brand: 'EventId' };
/** One row of the append-only log. */
export type TransitionId = bigint & { readonly brand: 'TransitionId' };
/** What was said of one check of a site or an endpoint. */
export type CheckId = bigint & { readonly brand: 'CheckId' };
export type ApiKeyId = bigint & { readonly brand: 'ApiKeyId' };
/** One plan of maintenance. */
export type WindowId = bigint & { readonly brand: 'WindowId' };

/** The largest id a signed 64-bit column holds. */
export const MAX_ID = 2n ** 63n - 1n;
