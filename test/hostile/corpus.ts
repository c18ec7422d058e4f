/** The corpus: every class there is, and the seeded draw of one. */
import { BODY_CLASSES } from './classes/body.ts';
import { CHUNKING_CLASSES } from './classes/chunking.ts';
import { DNS_CLASSES } from './classes/dns.ts';
import { EGRESS_CLASSES } from './classes/egress.ts';
import { ENCODING_CLASSES } from './classes/encoding.ts';
import { HEAD_CLASSES } from './classes/framing-head.ts';
import { LENGTH_CLASSES } from './classes/framing-length.ts';
import { HTTP2_CLASSES } from './classes/http2.ts';
import { KEYWORD_CLASSES } from './classes/keyword.ts';
import { REDIRECT_CLASSES } from './classes/redirect.ts';
import { TCP_CLASSES } from './classes/tcp.ts';
import { TEXT_CLASSES } from './classes/text.ts';
import { TIMING_CLASSES } from './classes/timing.ts';
import { CERTIFICATE_CLASSES } from './classes/tls-certificates.ts';
import { HANDSHAKE_CLASSES } from './classes/tls-handshake.ts';
import type { HostileClass } from './hostile-class.ts';
import { createRandom } from './random.ts';

export const HOSTILE_CLASSES: readonly HostileClass[] = [
  ...DNS_CLASSES,
  ...TCP_CLASSES,
  ...CERTIFICATE_CLASSES,
  ...HANDSHAKE_CLASSES,
  ...HEAD_CLASSES,
  ...LENGTH_CLASSES,
  ...CHUNKING_CLASSES,
  ...TIMING_CLASSES,
  ...BODY_CLASSES,
  ...KEYWORD_CLASSES,
  ...ENCODING_CLASSES,
  ...REDIRECT_CLASSES,
  ...EGRESS_CLASSES,
  ...TEXT_CLASSES,
  ...HTTP2_CLASSES,
];

export type DrawnClass = { one: HostileClass; seed: number };

/** One class and the seed of its parameters; every class is as likely as every other. */
export function drawHostile(classes: readonly HostileClass[], seed: number): DrawnClass {
  const random = createRandom(seed);
  return { one: random.pick(classes), seed: random.int(0, 2 ** 31) };
}
