import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createChangingFile } from './changing-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'jetmon2-changing-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a changing file', () => {
  it('is told at the first look, and after that when it has changed', () => {
    const path = join(folder, 'changing');
    const clock = createFakeClock();
    writeFileSync(path, 'one');
    const file = createChangingFile(path, clock);
    expect(file.textIfChanged()).toBe('one');
    clock.advance(1_000);
    expect(file.textIfChanged()).toBeNull();
    writeFileSync(`${path}.new`, 'two');
    renameSync(`${path}.new`, path);
    expect(file.textIfChanged()).toBeNull();
    clock.advance(1_000);
    expect(file.textIfChanged()).toBe('two');
  });

  it('that is missing is an empty one, and its absence is told once', () => {
    const path = join(folder, 'coming');
    const clock = createFakeClock();
    const file = createChangingFile(path, clock);
    expect(file.textIfChanged()).toBe('');
    clock.advance(1_000);
    expect(file.textIfChanged()).toBeNull();
    writeFileSync(path, 'here');
    clock.advance(1_000);
    expect(file.textIfChanged()).toBe('here');
    rmSync(path);
    clock.advance(1_000);
    expect(file.textIfChanged()).toBe('');
  });

  it('that cannot be opened leaves what is known in place', () => {
    const path = join(folder, 'folder-in-between');
    const clock = createFakeClock();
    writeFileSync(path, 'known');
    expect(createChangingFile(join(path, 'below'), clock).textIfChanged()).toBeNull();
    expect(createChangingFile(folder, clock).textIfChanged()).toBeNull();
  });
});
