/** How an endpoint is to be probed, as people and programs say it: one schema for the API, its pages and the commands. */
import { z } from 'zod';
import {
  DETECTION_PROFILES,
  MAX_FORBIDDEN_KEYWORDS,
  MAX_KEYWORD_LENGTH,
  type ProbePlanOverrides,
  parseExpectedStatus,
  REDIRECT_POLICIES,
  REQUEST_METHODS,
} from '../domain/probe-plan.ts';
import { headersProblem } from '../domain/request-headers.ts';

const Keyword = z
  .string()
  .max(MAX_KEYWORD_LENGTH)
  .refine((text) => text.isWellFormed(), 'it holds half a character');

const Headers = z.record(z.string(), z.string()).superRefine((headers, context) => {
  const message = headersProblem(Object.entries(headers));
  if (message !== null) context.addIssue({ code: 'custom', message });
});

/** Longest list of statuses as it may be written; stored without its spaces. */
const MAX_STATUS_TEXT = 300;

/** The members. `default` says what holds where one is absent; nothing is filled in, because a change names what it changes. */
export const PROBE_SETTINGS = {
  request_method: z
    .enum(REQUEST_METHODS)
    .nullable()
    .meta({ default: null, description: 'null: that of the server, `DEFAULT_CHECK_METHOD`. HEAD reads no body.' }),
  detection_profile: z.enum(DETECTION_PROFILES).nullable().meta({
    default: null,
    description:
      'null: that of the server, `DEFAULT_DETECTION_PROFILE`. Only `full` with GET knows bodies, keywords and redirect policies.',
  }),
  redirect_policy: z.enum(REDIRECT_POLICIES).meta({
    default: 'follow',
    description:
      '`alert` follows and says so, `fail` takes the first redirect for a failure. `follow` unless said otherwise.',
  }),
  expected_status: z
    .string()
    .max(MAX_STATUS_TEXT)
    .refine((text) => text === '' || parseExpectedStatus(text) !== null, 'write statuses such as 200-299,401')
    .nullable()
    .meta({
      default: null,
      description: 'Statuses that are good, such as `200-299,401`, at most 20 of them. null or empty: 1 to 399.',
    }),
  check_keyword: Keyword.nullable().meta({
    default: null,
    description: 'Text that must stand in the page, capitals and all. null or empty: none.',
  }),
  forbidden_keyword: Keyword.nullable().meta({
    default: null,
    description: 'Text that must not stand in the page. null or empty: none.',
  }),
  forbidden_keywords: z
    .array(Keyword)
    .max(MAX_FORBIDDEN_KEYWORDS)
    .meta({ default: [], description: 'More texts none of which may stand in the page. Empty ones are dropped.' }),
  custom_headers: Headers.nullable().meta({
    default: null,
    writeOnly: true,
    description:
      'Header fields sent with the request, at most 20 and 4 KiB. Never shown again; `custom_header_names` names them. A map replaces all of them; null or {}: none.',
  }),
  http2: z.boolean().meta({
    default: false,
    description: 'Offer HTTP/2 where TLS lets the two sides agree on it. false unless said otherwise.',
  }),
};

export const ProbeSettings = z.strictObject(PROBE_SETTINGS).partial();
/** Absent members are left as they are, or to the defaults. */
export type ProbeSettings = z.output<typeof ProbeSettings>;

/** The same in the words of the program. Only members that are present are there. */
export function overridesOf(settings: ProbeSettings): Partial<ProbePlanOverrides> {
  const { request_method, detection_profile, redirect_policy, expected_status, http2 } = settings;
  const { check_keyword, forbidden_keyword, forbidden_keywords, custom_headers } = settings;
  return {
    ...(request_method === undefined ? {} : { method: request_method }),
    ...(detection_profile === undefined ? {} : { profile: detection_profile }),
    ...(redirect_policy === undefined ? {} : { redirects: redirect_policy }),
    ...(expected_status === undefined ? {} : { expectedStatus: parseExpectedStatus(expected_status ?? '') }),
    ...(check_keyword === undefined ? {} : { keyword: check_keyword || null }),
    ...(forbidden_keyword === undefined ? {} : { forbiddenKeyword: forbidden_keyword || null }),
    ...(forbidden_keywords === undefined
      ? {}
      : { forbiddenKeywords: forbidden_keywords.filter((text) => text !== '') }),
    ...(custom_headers === undefined ? {} : { headers: Object.entries(custom_headers ?? {}) }),
    ...(http2 === undefined ? {} : { http2 }),
  };
}
