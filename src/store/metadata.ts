/** The JSON text stored with events and transitions. It is evidence, so losing it must never lose the fact it proves. */

/** Longest metadata stored, in bytes of JSON text. */
export const MAX_METADATA_BYTES = 65_536;

/**
 * The text stored for `metadata`: as it is when it fits, else without its `evidence` and with `evidence_dropped: true`,
 * else nothing but `metadata_dropped: true`. Members of `facts` always stay. Null when there is nothing to store.
 */
export function storableText(
  metadata: object | null,
  facts: Facts = null,
  maxBytes = MAX_METADATA_BYTES,
): string | null {
  if (facts !== null) return textOf({ ...metadata, ...facts }, facts, maxBytes);
  if (metadata === null) return null;
  if (maxBytes !== MAX_METADATA_BYTES) return textOf(metadata, null, maxBytes);
  // An append that is tried again, or that changes two things, is not put into words anew.
  const known = TEXTS.get(metadata);
  if (known !== undefined) return known;
  const text = textOf(metadata, null, maxBytes);
  TEXTS.set(metadata, text);
  return text;
}

type Facts = Readonly<Record<string, string | null>> | null;

const TEXTS = new WeakMap<object, string>();

function textOf(whole: object, facts: Facts, maxBytes: number): string {
  const text = fitting(whole, maxBytes);
  if (text !== null) return text;
  const { evidence: _, ...rest } = whole as Record<string, unknown>;
  return fitting({ ...rest, evidence_dropped: true }, maxBytes) ?? JSON.stringify({ ...facts, metadata_dropped: true });
}

/** Null when the value has no JSON text, or one that is too long. */
function fitting(value: object, maxBytes: number): string | null {
  try {
    const text = stringified(value);
    // A character takes at most three bytes in UTF-8 for each unit it has here.
    const fits = text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;
    return fits ? text : null;
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return null;
    throw error;
  }
}

/** Ids are rare here, and asking at every member is slow: only where there is one. */
function stringified(value: object): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_, member) => (typeof member === 'bigint' ? String(member) : member));
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
