import { expect, it } from 'vitest';
import type { Evidence } from '../../src/domain/evidence.ts';
import type { Observation } from '../../src/domain/verdict.ts';
import { isRefusedByName, missingWork } from './preflight.ts';

const PLAIN = { bytes: 100, keyword: null, isSecure: false };

function observed(evidence: Partial<Evidence>, httpCode: number | null = 200): Observation {
  const whole = {
    detection_profile: 'full',
    http_code: 200,
    error: null,
    hops: [],
    body: { mode: 'strict_finite', bytes_read: 100, complete: true },
    ...evidence,
  };
  return { httpCode, evidence: whole } as unknown as Observation;
}

it('takes a whole check for one', () => {
  expect(missingWork(observed({}), PLAIN)).toEqual([]);
});

it('names what a lighter check left out', () => {
  const skipped = { mode: 'skipped', bytes_read: 0, complete: false } as Evidence['body'];
  expect(missingWork(observed({ body: skipped }), PLAIN)).toEqual([
    'the body mode is skipped',
    '0 of 100 bytes were read',
  ]);
  expect(missingWork(observed({}), { ...PLAIN, keyword: 'x' })).toEqual(['the body mode is strict_finite']);
  expect(missingWork(observed({}), { ...PLAIN, isSecure: true })).toEqual(['there was no TLS']);
  const tls = { verify_error: null, certificates: [{}] };
  const hops = [{ tls }] as unknown as Evidence['hops'];
  expect(missingWork(observed({ hops }), { ...PLAIN, isSecure: true })).toEqual(['1 certificates were kept']);
  expect(missingWork({ ...observed({}), evidence: null }, PLAIN)).toEqual(['there is no evidence']);
});

it('says how a check failed', () => {
  const error = { phase: 'tcp', code: 'ECONNREFUSED', detail: 'no one there' } as const;
  expect(missingWork(observed({ error }), PLAIN)).toEqual(['it failed: tcp ECONNREFUSED no one there']);
});

it('takes an impostor for refused only when its name was the reason and nothing was asked of it', () => {
  const error = { phase: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID', detail: '' } as const;
  expect(isRefusedByName(observed({ error }, null))).toBe(true);
  expect(isRefusedByName(observed({ error }, 200))).toBe(false);
  expect(isRefusedByName(observed({}, null))).toBe(false);
});
