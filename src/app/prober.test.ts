import { describe, expect, it } from 'vitest';
import { DEFAULT_BUDGETS, DEFAULT_PLAN } from '../domain/probe-plan.ts';
import { loadConfig } from './config.ts';
import { bodyBudgets, defaultPlan } from './prober.ts';

describe('what a configuration makes of probing', () => {
  it('is the default where nothing is said, and where 0 stands for it', () => {
    expect(defaultPlan(loadConfig({}).config)).toEqual(DEFAULT_PLAN);
    expect(bodyBudgets(loadConfig({}).config)).toEqual(DEFAULT_BUDGETS);
    const zeros = {
      BODY_READ_MAX_BYTES: '0',
      BODY_READ_MAX_MS: '0',
      KEYWORD_READ_MAX_BYTES: '0',
      KEYWORD_READ_MAX_MS: '0',
    };
    expect(bodyBudgets(loadConfig(zeros).config)).toEqual(DEFAULT_BUDGETS);
  });

  it('is what was said', () => {
    const { config } = loadConfig({
      DEFAULT_CHECK_METHOD: 'HEAD',
      DEFAULT_DETECTION_PROFILE: 'simple_http',
      BODY_READ_MAX_BYTES: '1',
      BODY_READ_MAX_MS: '2',
      KEYWORD_READ_MAX_BYTES: '3',
      KEYWORD_READ_MAX_MS: '4',
    });
    expect(defaultPlan(config)).toEqual({ ...DEFAULT_PLAN, method: 'HEAD', profile: 'simple_http' });
    expect(bodyBudgets(config)).toEqual({ bodyMaxBytes: 1, bodyMaxMs: 2, keywordMaxBytes: 3, keywordMaxMs: 4 });
  });
});
