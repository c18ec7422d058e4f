import { describe, expect, it } from 'vitest';
import {
  DEFAULT_PLAN,
  effectivePlan,
  formatExpectedStatus,
  isExpected,
  NO_OVERRIDES,
  type ProbePlan,
  parseExpectedStatus,
  planFor,
} from './probe-plan.ts';

describe('statuses that are expected', () => {
  it.each([
    ['200', [[200, 200]]],
    [
      '200-299,401',
      [
        [200, 299],
        [401, 401],
      ],
    ],
    [
      ' 200 - 204 , 301 ',
      [
        [200, 204],
        [301, 301],
      ],
    ],
    ['100-599', [[100, 599]]],
    [Array.from({ length: 20 }, () => '200').join(','), Array.from({ length: 20 }, () => [200, 200])],
  ])('are read from %j', (text, ranges) => {
    expect(parseExpectedStatus(text)).toEqual(ranges);
  });

  it.each([
    '',
    ',',
    '200,',
    '99',
    '600',
    '299-200',
    '2xx',
    '200-',
    '-200',
    '200-299-300',
    '0200',
    '２００',
    Array.from({ length: 21 }, () => '200').join(','),
  ])('are not read from %j', (text) => {
    expect(parseExpectedStatus(text)).toBeNull();
  });

  it('are written as a person would, and read back the same', () => {
    const ranges = parseExpectedStatus('200 - 299, 401-401,503');
    expect(formatExpectedStatus(ranges ?? [])).toBe('200-299,401,503');
    expect(parseExpectedStatus('200-299,401,503')).toEqual(ranges);
  });

  it('are 1 to 399 where none are named, and otherwise those alone', () => {
    const good = (expectedStatus: ProbePlan['expectedStatus'], statuses: number[]) =>
      statuses.filter((status) => isExpected(status, { expectedStatus }));
    expect(good(null, [0, 1, 200, 399, 400, 503])).toEqual([1, 200, 399]);
    expect(
      good(
        [
          [204, 206],
          [401, 401],
        ],
        [200, 203, 204, 206, 207, 400, 401, 402],
      ),
    ).toEqual([204, 206, 401]);
  });
});

describe('the plan of an endpoint', () => {
  const everywhere: ProbePlan = { ...DEFAULT_PLAN, method: 'HEAD', profile: 'legacy' };

  it('is none of its own when it wants nothing, or only what the process does', () => {
    expect(planFor(NO_OVERRIDES, everywhere)).toBeNull();
    expect(planFor({ ...NO_OVERRIDES, method: 'HEAD', profile: 'legacy', redirects: 'follow' }, everywhere)).toBeNull();
    expect(planFor({ ...NO_OVERRIDES, forbiddenKeyword: '', forbiddenKeywords: ['', ''] }, everywhere)).toBeNull();
  });

  it.each([
    [{ method: 'GET' }, { method: 'GET' }],
    [{ profile: 'full' }, { profile: 'full' }],
    [{ redirects: 'fail' }, { redirects: 'fail' }],
    [{ expectedStatus: [[401, 401]] }, { expectedStatus: [[401, 401]] }],
    [{ keyword: 'Welcome' }, { keyword: 'Welcome' }],
    [{ headers: [['X-Token', 'abc']] }, { headers: [['X-Token', 'abc']] }],
    [{ http2: true }, { http2: true }],
    [{ forbiddenKeyword: 'Fatal' }, { forbiddenKeywords: ['Fatal'] }],
    [
      { forbiddenKeyword: 'Fatal', forbiddenKeywords: ['', 'Error', 'Fatal'] },
      { forbiddenKeywords: ['Fatal', 'Error'] },
    ],
  ] as const)('with %j is that of the process with %j', (wanted, expected) => {
    expect(planFor({ ...NO_OVERRIDES, ...wanted }, everywhere)).toEqual({ ...everywhere, ...expected });
  });
});

describe('the plan as it is carried out', () => {
  const rules = { redirects: 'fail', keyword: 'Welcome', forbiddenKeywords: ['Fatal'] } as const;
  const plan: ProbePlan = { ...DEFAULT_PLAN, ...rules, headers: [['X-Token', 'abc']], expectedStatus: [[200, 200]] };

  it('is the plan itself for GET and full', () => {
    expect(effectivePlan(plan)).toEqual(plan);
  });

  it('looks at the status alone below full, following redirects, and HEAD is never full', () => {
    const status = { redirects: 'follow', keyword: null, forbiddenKeywords: [] };
    expect(effectivePlan({ ...plan, method: 'HEAD' })).toEqual({
      ...plan,
      ...status,
      method: 'HEAD',
      profile: 'simple_http',
    });
    for (const profile of ['legacy', 'simple_http'] as const) {
      expect(effectivePlan({ ...plan, profile })).toEqual({ ...plan, ...status, profile });
      expect(effectivePlan({ ...plan, method: 'HEAD', profile })).toMatchObject({ method: 'HEAD', profile });
    }
  });
});
