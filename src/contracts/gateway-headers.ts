/** The headers by which a gateway says for whom it asks: their names, and what each has to be. */
import { TENANT_ID, TENANT_ID_RULE } from '../domain/tenant-id.ts';

export type GatewayHeader = {
  /** As people write it; on the wire capitals mean nothing. */
  name: string;
  /** Without it a gateway speaks for nobody. */
  needed: boolean;
  pattern: RegExp;
  /** What `pattern` says, in words. */
  rule: string;
  description: string;
};

/** No comma anywhere: that is what a header sent twice, or a list, looks like once it was read. */
const SCOPE_LIST = /^[\w.:*-]{1,64}(?:[ \t]+[\w.:*-]{1,64}){0,63}$/;
const ONE_WORD = /^[!-+\--~]{1,128}$/;
const ONE_WORD_RULE = 'one word of at most 128 characters';

export const GATEWAY_HEADERS = {
  tenant: {
    name: 'X-Jetmon-Tenant-ID',
    needed: true,
    pattern: TENANT_ID,
    rule: TENANT_ID_RULE,
    description: 'The tenant that the call is made for.',
  },
  scopes: {
    name: 'X-Jetmon-Public-Scopes',
    needed: true,
    pattern: SCOPE_LIST,
    rule: '1 to 64 words with spaces between them',
    description: 'What that tenant may do, as words with spaces between. The call may do what these and the key allow.',
  },
  request: {
    name: 'X-Jetmon-Gateway-Request-ID',
    needed: true,
    pattern: ONE_WORD,
    rule: ONE_WORD_RULE,
    description: 'What the gateway calls this request; noted in the trail.',
  },
  actor: {
    name: 'X-Jetmon-Actor-ID',
    needed: false,
    pattern: ONE_WORD,
    rule: ONE_WORD_RULE,
    description: 'The person or program behind the gateway; noted in the trail.',
  },
  plan: {
    name: 'X-Jetmon-Plan',
    needed: false,
    pattern: ONE_WORD,
    rule: ONE_WORD_RULE,
    description: 'What they pay for; noted in the trail.',
  },
} as const satisfies Record<string, GatewayHeader>;
