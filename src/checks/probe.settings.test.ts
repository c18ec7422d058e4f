import { describe, expect, it } from 'vitest';
import { NO_OVERRIDES } from '../domain/probe-plan.ts';
import { overridesOf, PROBE_SETTINGS, ProbeSettings } from './probe.settings.ts';

describe('the settings of a probe', () => {
  it('say what holds where they are absent, and that is what the program does anyway', () => {
    const defaults = Object.fromEntries(
      Object.entries(PROBE_SETTINGS).map(([name, schema]) => [name, schema.meta()?.['default']]),
    );
    const overrides = overridesOf(ProbeSettings.parse(defaults));
    expect(overrides).toEqual({ ...NO_OVERRIDES, redirects: 'follow' });
    for (const schema of Object.values(PROBE_SETTINGS)) expect(schema.meta()?.description).toMatch(/\.$/);
  });

  it('fill nothing in', () => {
    expect(ProbeSettings.parse({})).toEqual({});
    expect(overridesOf({})).toEqual({});
  });

  it('take empty texts for none', () => {
    const settings = { check_keyword: '', forbidden_keyword: '', expected_status: '', custom_headers: {} };
    expect(overridesOf(ProbeSettings.parse({ ...settings, forbidden_keywords: ['', 'Fatal', ''] }))).toEqual({
      keyword: null,
      forbiddenKeyword: null,
      expectedStatus: null,
      headers: [],
      forbiddenKeywords: ['Fatal'],
    });
  });

  it.each([
    { request_method: 'get' },
    { detection_profile: 'FULL' },
    { redirect_policy: null },
    { http2: null },
    { expected_status: '99' },
    { check_keyword: 'x'.repeat(501) },
    { forbidden_keyword: '\ud800' },
    { forbidden_keywords: null },
    { forbidden_keywords: ['x'.repeat(501)] },
    { forbidden_keywords: Array.from({ length: 21 }, () => 'x') },
    { custom_headers: [] },
    { custom_headers: { 'X-A': 1 } },
    { custom_headers: { '': 'x' } },
    { custom_headers: { Host: 'elsewhere.example' } },
    { custom_headers: { 'X-A': 'a\r\nX-B: b' } },
    { custom_headers: Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`X-${n}`, 'x'])) },
    { custom_headers: { 'X-A': 'x'.repeat(4_096) } },
  ])('refuse what does not fit (case %#)', (settings) => {
    expect(ProbeSettings.safeParse(settings).success).toBe(false);
  });

  it('take what lies at the bounds', () => {
    const headers = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`X-${n}`, 'x']));
    const texts = Array.from({ length: 20 }, () => '\u00e9'.repeat(500));
    expect(ProbeSettings.safeParse({ custom_headers: headers, forbidden_keywords: texts }).success).toBe(true);
  });
});
