/** Where the body of an HTTP/1 reply ends (RFC 9112 section 6). */

export type BodyFraming =
  /** 0 where there is no body at all. */
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  /** The end of the connection is the end of the body. */
  | { kind: 'close' }
  | { kind: 'invalid'; detail: string };

/** Values of the fields that frame; those of several lines joined by commas. */
export type FramingHead = { status: number; contentLength: string | null; transferEncoding: string | null };

const LENGTH = /^\d{1,15}$/;
const NOTHING: BodyFraming = { kind: 'length', bytes: 0 };
const CHUNKED: BodyFraming = { kind: 'chunked' };
const UNTIL_CLOSE: BodyFraming = { kind: 'close' };

export function bodyFraming(head: FramingHead, method: 'GET' | 'HEAD'): BodyFraming {
  if (method === 'HEAD' || head.status === 204 || head.status === 304) return NOTHING;
  // Whatever follows a switch of protocols ends with the connection.
  if (head.status < 200) return UNTIL_CLOSE;
  const { contentLength, transferEncoding } = head;
  if (transferEncoding !== null) {
    const last = codingsOf(transferEncoding).at(-1);
    // Section 6.3: a transfer coding overrides any length; if the last one is not chunked, the end is the close.
    if (last !== undefined) return last === 'chunked' ? CHUNKED : UNTIL_CLOSE;
  }
  return contentLength === null ? UNTIL_CLOSE : lengthOf(contentLength);
}

/** Section 6.3: the same length said twice may be believed; two different ones, or no number, never. */
function lengthOf(contentLength: string): BodyFraming {
  if (LENGTH.test(contentLength)) return { kind: 'length', bytes: Number(contentLength) };
  const lengths = contentLength.split(',').map((one) => one.trim());
  const [length] = lengths;
  if (length !== undefined && LENGTH.test(length) && lengths.every((other) => other === length)) {
    return { kind: 'length', bytes: Number(length) };
  }
  return { kind: 'invalid', detail: `Content-Length ${JSON.stringify(contentLength.slice(0, 60))}` };
}

/** Whether the transfer is coded in a way that hides the text; chunks do not. */
export function isTransferCoded(transferEncoding: string | null): boolean {
  return transferEncoding !== null && codingsOf(transferEncoding).some((coding) => coding !== 'chunked');
}

/** In order; `identity`, which older servers name, and empty members code nothing. */
function codingsOf(transferEncoding: string): string[] {
  const named = transferEncoding.split(',').map((one) => one.trim().toLowerCase());
  return named.filter((coding) => coding !== '' && coding !== 'identity');
}
