/** Where do the redirects lead, and how many are there? Advisory: the visitor arrives (spec/02, L4.REDIR). */
import { createRequire } from 'node:module';
import type * as Tldts from 'tldts';
import type { Check } from '../check.ts';
import { lastHop } from '../visit.ts';

/** Redirects up to this many are nobody's concern. */
const MANY_REDIRECTS = 5;

export const redirectChain: Check<'redirect_followed' | 'redirect_other_host' | 'redirect_long'> = {
  type: 'redirect_chain',
  layer: 'application',
  title: 'Redirect chain',
  findings: {
    ok: { taxonomy: [], state: 'Up', sentence: 'the redirects lead where they should', advice: '' },
    redirect_other_host: {
      taxonomy: ['L4.REDIR.WRONG_HOST'],
      state: 'Warning',
      sentence: 'the redirects end at another site: {to}',
      advice: 'Watch the address they end at, or correct the redirect.',
    },
    redirect_long: {
      taxonomy: [],
      state: 'Warning',
      sentence: '{count} redirects until {to}',
      advice: 'Point the first URL straight at the last: every redirect is a wait.',
    },
    redirect_followed: {
      taxonomy: [],
      state: 'Warning',
      sentence: 'the page is redirected to {to}, and redirects are to be reported',
      advice: 'Watch the address it leads to, or let redirects pass with the policy `follow`.',
    },
  },
  /** Silent where no redirect was followed to a page. */
  judge(visit) {
    const count = visit.hops.length - 1;
    if (count === 0 || visit.redirectTrouble !== null || lastHop(visit).failure !== null) return null;
    const last = lastHop(visit).url;
    const details = { to: last.slice(0, 200), count };
    if (!isSameSite(new URL(visit.url).hostname, new URL(last).hostname)) {
      return { reason: 'redirect_other_host', details };
    }
    if (count > MANY_REDIRECTS) return { reason: 'redirect_long', details };
    return { reason: visit.plan.redirects === 'alert' ? 'redirect_followed' : 'ok', details };
  },
};

/** On first use: the list of public suffixes costs ten megabytes of memory a thread, and few redirects need it. */
const require = createRequire(import.meta.url);

/** The same host, or two below one name that its owner registered. */
function isSameSite(one: string, other: string): boolean {
  if (one === other) return true;
  const { getDomain } = require('tldts') as typeof Tldts;
  const domain = getDomain(one, { allowPrivateDomains: true });
  return domain !== null && domain === getDomain(other, { allowPrivateDomains: true });
}
