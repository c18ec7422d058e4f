/** The one list of checks. Adding a check is one file and one line here. */
import { http } from './application/http.ts';
import { redirectChain } from './application/redirect-chain.ts';
import { redirectDowngrade } from './application/redirect-downgrade.ts';
import type { Check } from './check.ts';
import { tlsDeprecated } from './transport/tls-deprecated.ts';
import { tlsExpiry } from './transport/tls-expiry.ts';

export const CHECKS: readonly Check[] = [http, redirectDowngrade, redirectChain, tlsExpiry, tlsDeprecated];
