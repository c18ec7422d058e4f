import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { findService, wantOf } from './services.ts';

it('finds the first program on the path that can be run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon2-services-'));
  try {
    const program = join(folder, 'chromium-browser');
    writeFileSync(program, '');
    chmodSync(program, 0o644);
    expect(findService('chromium', folder)).not.toBe(program);
    writeFileSync(join(folder, 'chromium'), '');
    chmodSync(join(folder, 'chromium'), 0o755);
    expect(findService('chromium', `/nowhere:${folder}`)).toBe(join(folder, 'chromium'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('runs a suite whose service is there, skips one whose service is not, and fails it on a build machine', () => {
  expect(wantOf('/usr/sbin/mariadbd', '1')).toBe('run');
  expect(wantOf(null, undefined)).toBe('skip');
  expect(wantOf(null, '')).toBe('skip');
  expect(wantOf(null, 'false')).toBe('skip');
  expect(wantOf(null, 'true')).toBe('fail');
});
