/** The JSON text stored with events and transitions. It is evidence, so losing it must never lose the fact it proves. */

/** Longest metadata stored, in bytes of JSON text. */
export const MAX_METADATA_BYTES = 65_536;

export type StoredMetadata = { text: string | null; value: unknown };

/**
 * What is stored for `metadata`: as it is when it fits, else without its `evidence` and `evidence_dropped: true`, else
 * nothing but `metadata_dropped: true`. Members of `extra` always stay.
 */
export function storable(
  metadata: object | null,
  extra: Record<string, string> = {},
  maxBytes = MAX_METADATA_BYTES,
): StoredMetadata {
  if (metadata === null && Object.keys(extra).length === 0) return { text: null, value: null };
  const whole: Record<string, unknown> = { ...metadata, ...extra };
  const { evidence: _, ...rest } = whole;
  const text =
    fitting(whole, maxBytes) ??
    fitting({ ...rest, evidence_dropped: true }, maxBytes) ??
    JSON.stringify({ ...extra, metadata_dropped: true });
  return { text, value: JSON.parse(text) };
}

/** Null when the value has no JSON text, or one that is too long. */
function fitting(value: object, maxBytes: number): string | null {
  try {
    const text = JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? String(member) : member));
    return Buffer.byteLength(text) <= maxBytes ? text : null;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Text that is not JSON, as another program or a damaged file may leave, is reported and does not throw. */
export function parseMetadata(text: string | null): { metadata: unknown; metadataError?: true } {
  if (text === null) return { metadata: null };
  try {
    return { metadata: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return { metadata: null, metadataError: true };
    throw error;
  }
}
