/**
 * How long each phase of a probe took, in milliseconds with fraction. A phase that did not finish is absent, never
 * zero or negative, and so is one that a pause of our own falls into. On a redirected request the phases are those of the
 * last hop and `total` covers all hops.
 */
export type Timings = {
  /** Name resolution. Absent for an address literal. */
  dns?: number;
  /** Dialling until the connection that was used is open. */
  tcp?: number;
  /** TLS handshake. Absent for plain HTTP. */
  tls?: number;
  /** Connection ready until the request was handed to the kernel whole. */
  sent?: number;
  /** Request sent until the first byte of the reply. */
  ttfb?: number;
  /** First byte until the header block was whole. */
  headers?: number;
  /** Header block until the body was read as far as the check wants it. */
  body?: number;
  /** Start of the probe until its verdict. */
  total?: number;
};

/** To a thousandth of a millisecond: more would be noise where timings are stored and shown. */
export function rounded(timings: Timings): Timings {
  const phases = Object.entries(timings).map(([phase, ms]) => [phase, Math.round(ms * 1000) / 1000]);
  return { ...timings, ...Object.fromEntries(phases) };
}
