/** What takes a setting of a site back to its default, one entry for each option that sets it. Not the defaults themselves. */
import type { SiteSettings } from './sites.ts';

export const RESETS = {
  method: { request_method: null },
  profile: { detection_profile: null },
  redirects: { redirect_policy: 'follow' },
  'expected-status': { expected_status: null },
  keyword: { check_keyword: null },
  forbid: { forbidden_keyword: null, forbidden_keywords: [] },
  header: { custom_headers: null },
  http2: { http2: false },
  timeout: { timeout_seconds: null },
} as const satisfies Record<string, SiteSettings>;

/** All of them: a site with these is probed like one that nobody gave settings. */
export const DEFAULT_SETTINGS: SiteSettings = Object.assign({}, ...Object.values(RESETS));
