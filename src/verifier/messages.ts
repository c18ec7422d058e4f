/** Between the messages of the protocol and what we call the same things. What comes from outside is checked here. */
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type BodyBudgets,
  DEFAULT_BUDGETS,
  DEFAULT_PLAN,
  type DetectionProfile,
  MAX_KEYWORD_LENGTH,
  type ProbePlan,
  type RedirectPolicy,
  type RequestMethod,
} from '../domain/probe-plan.ts';
import { headersProblem } from '../domain/request-headers.ts';
import type { RemoteQuestion } from './client.ts';
import * as wire from './gen/jetmon/verifier/v1/verifier_pb.ts';
import {
  MAX_BODY_BYTES,
  MAX_FORBIDDEN,
  MAX_HOST_LENGTH,
  MAX_REASON_LENGTH,
  MAX_TIMEOUT_MS,
  MAX_URL_LENGTH,
} from './limits.ts';
import type { AnswerFields } from './signing.ts';

/** How this process looks at what names nothing. */
export type LookDefaults = { plan: ProbePlan; budgets: BodyBudgets };

const METHODS = { HEAD: wire.RequestMethod.HEAD, GET: wire.RequestMethod.GET } as const;
const PROFILES = {
  legacy: wire.DetectionProfile.LEGACY,
  simple_http: wire.DetectionProfile.SIMPLE_HTTP,
  full: wire.DetectionProfile.FULL,
} as const;
const POLICIES = {
  follow: wire.RedirectPolicy.FOLLOW,
  alert: wire.RedirectPolicy.ALERT,
  fail: wire.RedirectPolicy.FAIL,
} as const;
const VOTES = { none: wire.Vote.UNSPECIFIED, up: wire.Vote.UP, down: wire.Vote.DOWN } as const;

function nameOf<T extends string>(names: Readonly<Record<T, number>>, value: number): T | undefined {
  return (Object.keys(names) as T[]).find((name) => names[name] === value);
}

export function questionMessage({
  plan,
  ...question
}: RemoteQuestion): MessageInitShape<typeof wire.SiteQuestionSchema> {
  return {
    ...question,
    method: METHODS[plan.method],
    profile: PROFILES[plan.profile],
    redirects: POLICIES[plan.redirects],
    expectedStatus: (plan.expectedStatus ?? []).map(([from, to]) => ({ from, to })),
    ...(plan.keyword === null ? {} : { keyword: plan.keyword }),
    forbiddenKeywords: [...plan.forbiddenKeywords],
    headers: plan.headers.map(([name, value]) => ({ name, value })),
    http2: plan.http2,
    budgets: question.budgets,
  };
}

/** The question; or what is wrong with it, without quoting more of it than a number. */
export function questionOf(message: wire.SiteQuestion): RemoteQuestion | string {
  const problem = questionProblem(message);
  if (problem !== null) return problem;
  const { requestId, siteId, endpointId, url, timeoutMs, keyword, budgets } = message;
  return {
    requestId,
    siteId,
    endpointId,
    url,
    timeoutMs,
    plan: {
      method: nameOf<RequestMethod>(METHODS, message.method) ?? DEFAULT_PLAN.method,
      profile: nameOf<DetectionProfile>(PROFILES, message.profile) ?? DEFAULT_PLAN.profile,
      redirects: nameOf<RedirectPolicy>(POLICIES, message.redirects) ?? DEFAULT_PLAN.redirects,
      expectedStatus:
        message.expectedStatus.length === 0 ? null : message.expectedStatus.map(({ from, to }) => [from, to]),
      keyword: keyword ?? null,
      forbiddenKeywords: message.forbiddenKeywords,
      headers: message.headers.map(({ name, value }) => [name, value]),
      http2: message.http2,
    },
    budgets: {
      bodyMaxBytes: budgets?.bodyMaxBytes ?? 0,
      bodyMaxMs: budgets?.bodyMaxMs ?? 0,
      keywordMaxBytes: budgets?.keywordMaxBytes ?? 0,
      keywordMaxMs: budgets?.keywordMaxMs ?? 0,
    },
  };
}

function questionProblem(message: wire.SiteQuestion): string | null {
  const { requestId, url, timeoutMs, keyword = '', forbiddenKeywords, expectedStatus, headers, budgets } = message;
  if (!/^[\x21-\x7e]{1,128}$/.test(requestId)) return 'request_id must be 1 to 128 printable ASCII characters';
  if (!isHttpUrl(url)) return `url must be an absolute http or https URL of at most ${MAX_URL_LENGTH} characters`;
  if (timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) return `timeout_ms must be 1 to ${MAX_TIMEOUT_MS}`;
  if ([keyword, ...forbiddenKeywords].some((text) => text.length > MAX_KEYWORD_LENGTH)) {
    return `keywords must have at most ${MAX_KEYWORD_LENGTH} characters`;
  }
  if (forbiddenKeywords.length > MAX_FORBIDDEN) return `there may be at most ${MAX_FORBIDDEN} forbidden_keywords`;
  if (expectedStatus.length > 20 || expectedStatus.some(({ from, to }) => !(from >= 100 && from <= to && to <= 599))) {
    return 'expected_status must be at most 20 ranges within 100 to 599';
  }
  if (budgets !== undefined && !areBudgets(budgets)) {
    return `budgets must be 0 to ${MAX_BODY_BYTES} bytes and 0 to ${MAX_TIMEOUT_MS} ms`;
  }
  return headersProblem(headers.map(({ name, value }) => [name, value]));
}

export function isHttpUrl(text: string): boolean {
  const url = text.length > MAX_URL_LENGTH ? null : URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:');
}

export function areBudgets({ bodyMaxBytes, bodyMaxMs, keywordMaxBytes, keywordMaxMs }: BodyBudgets): boolean {
  const isWithin = (most: number) => (value: number) => Number.isInteger(value) && value >= 0 && value <= most;
  return (
    [bodyMaxBytes, keywordMaxBytes].every(isWithin(MAX_BODY_BYTES)) &&
    [bodyMaxMs, keywordMaxMs].every(isWithin(MAX_TIMEOUT_MS))
  );
}

/** 0 stands for the default, as in the configuration. */
export function budgetsOr(budgets: BodyBudgets, defaults: BodyBudgets = DEFAULT_BUDGETS): BodyBudgets {
  return {
    bodyMaxBytes: budgets.bodyMaxBytes || defaults.bodyMaxBytes,
    bodyMaxMs: budgets.bodyMaxMs || defaults.bodyMaxMs,
    keywordMaxBytes: budgets.keywordMaxBytes || defaults.keywordMaxBytes,
    keywordMaxMs: budgets.keywordMaxMs || defaults.keywordMaxMs,
  };
}

export function answerMessage(answer: AnswerFields, signature: Uint8Array): wire.SiteAnswer {
  const { httpCode, failureClass, rttUs, says, ...rest } = answer;
  return create(wire.SiteAnswerSchema, {
    ...rest,
    says: VOTES[says],
    ...(httpCode === null ? {} : { httpCode }),
    ...(failureClass === null ? {} : { failureClass }),
    ...(rttUs === null ? {} : { rttUs }),
    signature,
  });
}

/** Null for a message that no verifier of ours would send. */
export function answerOf(message: wire.SiteAnswer): AnswerFields | null {
  const { requestId, urlSha256, questionSha256, reason, errorCode, host, issuedAtMs } = message;
  const says = nameOf<AnswerFields['says']>(VOTES, message.says);
  const { httpCode = null, failureClass = null, rttUs = null } = message;
  if (says === undefined || reason.length > MAX_REASON_LENGTH || host.length > MAX_HOST_LENGTH) return null;
  if (errorCode < 0 || errorCode > 8 || (failureClass?.length ?? 0) > MAX_REASON_LENGTH) return null;
  if (rttUs !== null && (rttUs < 0n || rttUs > 1_000_000_000n)) return null;
  return {
    requestId,
    urlSha256,
    questionSha256,
    says,
    reason,
    httpCode,
    errorCode,
    failureClass,
    rttUs,
    host,
    issuedAtMs,
  };
}
