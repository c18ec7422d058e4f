/** Does the server still speak TLS 1.0 or 1.1 with us? Advisory: visitors reach the site (spec/03 section 5.8). */
import type { Check } from '../check.ts';
import { isDeprecatedTls } from '../tls-versions.ts';
import { lastHop } from '../visit.ts';

export const tlsDeprecated: Check<'tls_deprecated'> = {
  type: 'tls_deprecated',
  layer: 'transport',
  title: 'Deprecated TLS',
  findings: {
    ok: { taxonomy: [], state: 'Up', sentence: 'TLS is current', advice: '' },
    tls_deprecated: {
      taxonomy: [],
      state: 'Warning',
      sentence: 'the server negotiated {version}, which browsers refuse',
      advice: 'Switch on TLS 1.2 and 1.3 on the server.',
    },
  },
  /** Only a full look minds it, and only a handshake that ended well tells the version. */
  judge(visit) {
    const { tls, failure } = lastHop(visit);
    if (tls === null || visit.plan.profile !== 'full' || failure?.phase === 'tls') return null;
    if (!isDeprecatedTls(tls.version)) return OK;
    return { reason: 'tls_deprecated', details: { version: tls.version, cipher: tls.cipher } };
  },
};

const OK = { reason: 'ok', details: {} } as const;
