/** Before anything is measured: that a check does all the work it is measured for, and refuses what it must refuse. */
import type { Evidence } from '../../src/domain/evidence.ts';
import type { Observation } from '../../src/domain/verdict.ts';

export type Wanted = { bytes: number; keyword: string | null; isSecure: boolean };

/** What the full profile would have done and this check did not, in words. */
export function missingWork({ evidence }: Observation, { bytes, keyword, isSecure }: Wanted): string[] {
  if (evidence === null) return ['there is no evidence'];
  const { body, error } = evidence;
  if (error !== null) return [`it failed: ${error.phase} ${error.code} ${error.detail}`];
  const mode = keyword === null ? 'strict_finite' : 'keyword';
  return [
    ...(evidence.detection_profile === 'full' ? [] : [`the profile is ${evidence.detection_profile}`]),
    ...(evidence.http_code === 200 ? [] : [`the status is ${evidence.http_code}`]),
    ...(body?.mode === mode ? [] : [`the body mode is ${body?.mode}`]),
    ...(body?.bytes_read === bytes && body.complete ? [] : [`${body?.bytes_read} of ${bytes} bytes were read`]),
    ...(isSecure ? missingTls(evidence) : []),
  ];
}

function missingTls({ hops }: Evidence): string[] {
  const tls = hops[0]?.tls ?? null;
  if (tls === null) return ['there was no TLS'];
  return [
    ...(tls.verify_error === null ? [] : [`the certificate was refused: ${tls.verify_error}`]),
    ...(tls.certificates.length >= 2 ? [] : [`${tls.certificates.length} certificates were kept`]),
  ];
}

/** Whether a site with a certificate for another host was refused by its name, and nothing sent to it. */
export function isRefusedByName({ evidence, httpCode }: Observation): boolean {
  return evidence?.error?.code === 'ERR_TLS_CERT_ALTNAME_INVALID' && httpCode === null;
}
