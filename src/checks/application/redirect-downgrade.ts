/** Does a redirect lead from https back to http? The page is served, but visitors travel without protection. */
import type { Check } from '../check.ts';

export const redirectDowngrade: Check<'https_to_http'> = {
  type: 'redirect_downgrade',
  layer: 'application',
  title: 'Redirect downgrade',
  findings: {
    ok: { taxonomy: [], state: 'Up', sentence: 'no redirect gives up https', advice: '' },
    https_to_http: {
      taxonomy: ['L4.REDIR.DOWNGRADE'],
      state: 'Warning',
      sentence: 'a redirect leads from {from} to {to}, from https to http',
      advice: 'Let redirects keep https.',
    },
  },
  /** Silent where no redirect was followed: then there is nothing to say. */
  judge({ hops }) {
    if (hops.length < 2) return null;
    for (const [index, hop] of hops.entries()) {
      const from = hops[index - 1];
      if (from?.url.startsWith('https:') && hop.url.startsWith('http:')) {
        return { reason: 'https_to_http', details: { from: from.url.slice(0, 200), to: hop.url.slice(0, 200) } };
      }
    }
    return { reason: 'ok', details: {} };
  },
};
