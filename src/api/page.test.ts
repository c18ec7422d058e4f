import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { startApi } from '../../test/kit/api.ts';
import { temporaryFolder } from '../../test/kit/store.ts';

function builtPage(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script src="/assets/app-1.js"></script>');
  writeFileSync(join(folder, 'assets', 'app-1.js'), 'export {};');
  writeFileSync(join(folder, 'assets', 'app-1.css'), 'body {}');
  writeFileSync(join(folder, '.stamp'), 'x');
  symlinkSync('/etc/hostname', join(folder, 'assets', 'link.js'));
  return folder;
}

describe('the page', () => {
  it('is served with a policy that allows nothing inline and nothing from elsewhere', async () => {
    const api = await startApi({ page: builtPage() });
    const reply = await api.ask('GET', '/', { token: null });
    expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8');
    const policy = reply.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  it('has its assets beside it, kept by browsers for good', async () => {
    const api = await startApi({ page: builtPage() });
    const script = await api.ask('GET', '/assets/app-1.js', { token: null });
    expect([script.status, script.text]).toEqual([200, 'export {};']);
    expect(script.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(script.headers.get('cache-control')).toContain('immutable');
    expect((await api.ask('GET', '/assets/app-1.css')).headers.get('content-type')).toBe('text/css; charset=utf-8');
  });

  it.each(['/.stamp', '/assets/link.js', '/assets/../.stamp', '/assets/%2e%2e/.stamp', '/assets/', '/assets/none.js'])(
    'serves nothing at %s',
    async (path) => {
      const api = await startApi({ page: builtPage() });
      expect((await api.ask('GET', path)).status).toBe(404);
    },
  );

  it('says how to build it when it is not built', async () => {
    const api = await startApi({ page: join(temporaryFolder(), 'none') });
    const reply = await api.ask('GET', '/', { token: null });
    expect(reply.status).toBe(200);
    expect(reply.text).toContain('npm start');
  });
});
