import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EndpointId } from './ids.ts';
import { DEFAULT_RULES, isCritical, parseRules } from './rollup-rules.ts';

describe('parseRules', () => {
  it('gives the defaults where nothing is stored', () => {
    for (const nothing of [null, undefined, {}, '{}']) {
      expect(parseRules(nothing)).toEqual({ rules: DEFAULT_RULES, problems: [] });
    }
  });

  it('reads every member, as a value or as the text it is stored as', () => {
    const stored = {
      endpoints: { '12': { criticality: 'critical' }, '9223372036854775807': { criticality: 'non_critical' } },
      non_critical_cap: 'Degraded',
      endpoint_rule: 'majority',
      site_checks: { tls_expiry: { mode: 'cap:Warning' }, rdap: { mode: 'ignore' } },
      reverse: { mode: 'cap:Seems Down' },
      unknown_mode: 'overlay',
    };
    const rules = {
      endpoints: new Map([
        [12n, 'critical'],
        [9223372036854775807n, 'non_critical'],
      ]),
      nonCriticalCap: 'Degraded',
      endpointRule: 'majority',
      siteChecks: new Map([
        ['tls_expiry', 'cap:Warning'],
        ['rdap', 'ignore'],
      ]),
      reverse: 'cap:Seems Down',
      unknownMode: 'overlay',
    };
    expect(parseRules(stored)).toEqual({ rules, problems: [] });
    expect(parseRules(JSON.stringify(stored))).toEqual({ rules, problems: [] });
  });

  it('puts the default for each member that makes no sense, keeps the others, and says which', () => {
    const { rules, problems } = parseRules({
      endpoints: { x: { criticality: 'critical' }, '9223372036854775808': {}, '3': { criticality: 'vital' }, '4': 7 },
      non_critical_cap: 'Up',
      endpoint_rule: 'majority',
      site_checks: [],
      reverse: { mode: 'ignore', extra: 1 },
      colour: 'red',
    });
    expect(rules).toEqual({ ...DEFAULT_RULES, endpointRule: 'majority' });
    expect(problems).toEqual([
      { member: 'colour', problem: 'is not known' },
      { member: 'endpoints.3.criticality', problem: 'is none of critical, non_critical' },
      { member: 'endpoints.4', problem: 'is not an object' },
      { member: 'endpoints.x', problem: 'is not the id of an endpoint' },
      { member: 'endpoints.9223372036854775808', problem: 'is not the id of an endpoint' },
      { member: 'non_critical_cap', problem: 'is none of Warning, Degraded, Seems Down, Down' },
      { member: 'site_checks', problem: 'is not an object' },
      { member: 'reverse.extra', problem: 'is not known' },
      {
        member: 'reverse.mode',
        problem: 'is none of separate, pass, cap:Warning, cap:Degraded, cap:Seems Down, cap:Down',
      },
    ]);
  });

  it.each(['{', '[]', 'null', 'true', 7, [], '"{}"'])('falls back to the defaults for %j', (stored) => {
    expect(parseRules(stored)).toEqual({
      rules: DEFAULT_RULES,
      problems: [{ member: 'rules', problem: 'is not an object' }],
    });
  });

  it('never throws, and reports no more than 20 problems in few words', () => {
    const member = fc.constantFrom('endpoints', 'site_checks', 'reverse', 'endpoint_rule', '__proto__', 'constructor');
    const stored = fc.oneof(fc.jsonValue(), fc.string(), fc.dictionary(member, fc.jsonValue()));
    fc.assert(
      fc.property(stored, (json) => {
        const { problems } = parseRules(json);
        expect(problems.length).toBeLessThanOrEqual(20);
        for (const problem of problems) expect(problem.member.length).toBeLessThanOrEqual(100);
      }),
    );
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`${'x'.repeat(500)}${index}`, 1]));
    expect(parseRules(many).problems).toHaveLength(20);
  });
});

describe('isCritical', () => {
  it('is the first watched endpoint, unless the owner said otherwise', () => {
    const [first, other] = [3n, 4n] as [EndpointId, EndpointId];
    expect(isCritical(first, first, DEFAULT_RULES)).toBe(true);
    expect(isCritical(other, first, DEFAULT_RULES)).toBe(false);
    const endpoints = new Map([[other, 'critical'] as const, [first, 'non_critical'] as const]);
    expect(isCritical(first, first, { ...DEFAULT_RULES, endpoints })).toBe(false);
    expect(isCritical(other, first, { ...DEFAULT_RULES, endpoints })).toBe(true);
  });
});
