/** Every code of the catalogue is met over HTTP: none is promised that nobody can be answered with. */
import { describe, expect, it } from 'vitest';
import { ERROR_SCENARIOS } from '../../test/api/error-scenarios.ts';
import { CONTRACTS } from '../contracts/all.ts';
import { statusOf } from '../contracts/error-status.ts';
import { apiCodes } from '../contracts/operation-codes.ts';
import { ErrorEnvelope } from '../contracts/values.ts';
import { isErrorCode } from '../domain/errors.ts';

describe('the catalogue of the API', () => {
  it('has a scenario for each of its codes, and each scenario has a code of it', () => {
    expect(Object.keys(ERROR_SCENARIOS).toSorted()).toEqual(apiCodes(CONTRACTS).toSorted());
  });
});

describe.each(Object.entries(ERROR_SCENARIOS))('%s', { timeout: 60_000 }, (code, { provoke, names }) => {
  it('is what a caller is answered with, in words that name the thing and say what to do', async () => {
    const { status, headers, body, text } = await provoke();
    const { error } = ErrorEnvelope.parse(body);
    expect(error.code, text).toBe(code);
    expect(status).toBe(isErrorCode(code) && statusOf(code));
    expect(error.message).toMatch(names);
    expect(error.fix, text).toMatch(/\w+ \w+/);
    expect(error.request_id).toBe(headers.get('x-request-id'));
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  });
});
