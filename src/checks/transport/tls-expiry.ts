/** Is the certificate about to lapse? Advisory: it never makes a site down (spec/03 section 5.8). */
import type { Check } from '../check.ts';
import { lastHop } from '../visit.ts';

const DAY_MS = 86_400_000;
const WARNING_DAYS = 30;
const DEGRADED_DAYS = 7;

export const tlsExpiry: Check<'tls_expires_soon' | 'tls_expires_very_soon'> = {
  type: 'tls_expiry',
  layer: 'transport',
  title: 'Certificate expiry',
  findings: {
    ok: { taxonomy: [], state: 'Up', sentence: 'the certificate is not about to expire', advice: '' },
    tls_expires_soon: {
      taxonomy: ['L2.OPS.EXPIRING'],
      state: 'Warning',
      sentence: 'the certificate expires in {days} days, on {not_after}',
      advice: 'Renew the certificate.',
    },
    tls_expires_very_soon: {
      taxonomy: [],
      state: 'Degraded',
      sentence: 'the certificate expires in {days} days, on {not_after}',
      advice: 'Renew the certificate now: visitors will be turned away when it lapses.',
    },
  },
  /** Whole days, truncated. Only a certificate that verified speaks; any other is the http check's finding. */
  judge(visit, nowMs) {
    const hop = lastHop(visit);
    const leaf = hop.tls?.certificate ?? null;
    if (leaf === null || leaf.verifyError !== null || hop.failure?.phase === 'tls') return null;
    if (visit.plan.profile !== 'full') return null;
    const days = Math.trunc((leaf.notAfterMs - nowMs) / DAY_MS);
    if (days > WARNING_DAYS) return { reason: 'ok', details: { days } };
    const details = { days, not_after: new Date(leaf.notAfterMs).toISOString().slice(0, 10) };
    if (days <= DEGRADED_DAYS) return { reason: 'tls_expires_very_soon', details };
    return { reason: 'tls_expires_soon', details };
  },
};
