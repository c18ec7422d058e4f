import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { createHostsFile, parseHosts } from './hosts-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'jetmon2-hosts-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a hosts file', () => {
  it('gives each name all its addresses, without comments and in lower case', () => {
    const table = parseHosts(
      '# comment\n127.0.0.1\tlocalhost Alias # more\r\n::1 localhost\n127.0.0.1 localhost\nnonsense x\nfe80::1%lo0 zone\n',
    );
    expect(Object.fromEntries(table)).toEqual({ localhost: ['127.0.0.1', '::1'], alias: ['127.0.0.1'] });
  });

  it('is read again when it has changed, and not more than once a second', () => {
    const path = join(folder, 'changing');
    const clock = createFakeClock();
    writeFileSync(path, '192.0.2.1 a.test\n');
    const hosts = createHostsFile(path, clock);
    expect(hosts.lookup('a.test')).toEqual(['192.0.2.1']);
    writeFileSync(path, '192.0.2.22 a.test\n192.0.2.3 b.test\n');
    clock.advance(999);
    expect(hosts.lookup('a.test')).toEqual(['192.0.2.1']);
    clock.advance(1);
    expect(hosts.lookup('a.test')).toEqual(['192.0.2.22']);
    expect(hosts.lookup('b.test')).toEqual(['192.0.2.3']);
    rmSync(path);
    clock.advance(1_000);
    expect(hosts.lookup('a.test')).toBeUndefined();
  });

  it('may be missing', () => {
    expect(createHostsFile(join(folder, 'absent'), createFakeClock()).lookup('a.test')).toBeUndefined();
  });

  it('is read up to a megabyte', () => {
    const path = join(folder, 'huge');
    writeFileSync(path, `192.0.2.1 first.test\n${'# filler\n'.repeat(120_000)}192.0.2.2 last.test\n`);
    const hosts = createHostsFile(path, createFakeClock());
    expect(hosts.lookup('first.test')).toEqual(['192.0.2.1']);
    expect(hosts.lookup('last.test')).toBeUndefined();
  });
});
