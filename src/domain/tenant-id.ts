/** The name of a tenant: opaque to us, chosen by a gateway. */

export const TENANT_ID = /^[A-Za-z0-9_-]{1,64}$/;

export function isTenantId(text: string): boolean {
  return TENANT_ID.test(text);
}

/** What a tenant id is, for people. */
export const TENANT_ID_RULE = '1 to 64 letters, digits, `_` or `-`';
