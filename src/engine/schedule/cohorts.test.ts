import { expect, it } from 'vitest';
import { createCohorts } from './cohorts.ts';

it('looks are counted by how they are carried out, those of the process with the others', () => {
  const cohorts = createCohorts({ method: 'HEAD', profile: 'full' });
  cohorts.saw(null);
  cohorts.saw({ method: 'HEAD', profile: 'simple_http' });
  cohorts.saw({ method: 'GET', profile: 'full' });
  cohorts.saw({ method: 'GET', profile: 'legacy' });
  // HEAD has no body to look at.
  expect(cohorts.looks('HEAD', 'full')).toBe(0);
  expect(cohorts.looks('HEAD', 'simple_http')).toBe(2);
  expect(cohorts.looks('GET', 'full')).toBe(1);
  expect(cohorts.looks('GET', 'legacy')).toBe(1);
  expect(cohorts.looks('GET', 'simple_http')).toBe(0);
});
