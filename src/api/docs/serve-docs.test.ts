import { readFileSync } from 'node:fs';
import { Script } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import { CONTRACTS } from '../../contracts/all.ts';
import { DOCS_SCRIPT } from './docs-script.ts';
import { html, prose } from './html.ts';

describe('the document', () => {
  it('is served to everyone as it is committed', async () => {
    const api = await startApi();
    const reply = await api.ask('GET', '/api/v1/openapi.json', { token: null });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(reply.text).toBe(readFileSync(new URL('../../../docs/openapi.json', import.meta.url), 'utf8'));
  });

  it('is not sent again to who has it', async () => {
    const api = await startApi();
    const first = await api.ask('GET', '/api/v1/openapi.json');
    const etag = first.headers.get('etag') ?? '';
    expect(first.headers.get('cache-control')).toBe('no-cache');
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await api.ask('GET', '/api/v1/openapi.json', { headers: { 'if-none-match': known } });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', etag]);
    }
    const other = await api.ask('GET', '/api/v1/openapi.json', { headers: { 'if-none-match': '"other"' } });
    expect(other.status).toBe(200);
  });
});

describe('the reference page', () => {
  it('shows each operation with a command that works and what it answers', async () => {
    const api = await startApi();
    const { text, status, headers } = await api.ask('GET', '/api/docs', { token: null });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    for (const { operationId, status: success } of CONTRACTS) {
      const [, article = ''] = text.split(`<article id="${operationId}"`);
      const [own = ''] = article.split('</article>');
      expect(own).toContain('<code class="request">curl ');
      expect(own).toContain(`<code>HTTP ${success}</code>`);
    }
  });

  it('tells what a body takes where the body is asked for', async () => {
    const api = await startApi();
    const { text } = await api.ask('GET', '/api/docs', { token: null });
    const [, article = ''] = text.split('<article id="createSite"');
    const [own = ''] = article.split('</article>');
    expect(own).toContain(
      '<dt><code>monitor_url</code> <span class="type">string (uri)</span> <span class="mark">required',
    );
  });

  it('lists each operation and each shape once', async () => {
    const api = await startApi();
    const { text } = await api.ask('GET', '/api/docs', { token: null });
    const [, rest = ''] = text.split('<nav');
    const [index = ''] = rest.split('</nav>');
    const listed = [...index.matchAll(/<li><a href="#([^"]+)"/g)].map(([, id]) => id);
    const articles = [...text.matchAll(/<article id="([^"]+)"/g)].map(([, id]) => id);
    expect(articles.length).toBeGreaterThan(CONTRACTS.length);
    expect(listed.filter((id) => articles.includes(id))).toEqual(articles);
  });

  it('needs nothing from elsewhere and nothing inline', async () => {
    const api = await startApi();
    const { text, headers } = await api.ask('GET', '/api/docs', { token: null });
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    const loaded = [...text.matchAll(/<(?:script|link|img|iframe)[^>]*?(?:src|href)="([^"]*)"/g)].map(([, url]) => url);
    expect(loaded).toEqual(['/api/docs/icon.svg', '/api/docs/style.css', '/api/docs/page.js']);
    expect(text).not.toMatch(/<style|<script>|\sstyle=|\son\w+=/);
    for (const [path, type] of [
      ['/api/docs/style.css', 'text/css; charset=utf-8'],
      ['/api/docs/page.js', 'text/javascript; charset=utf-8'],
    ] as const) {
      const file = await api.ask('GET', path, { token: null });
      expect([file.status, file.headers.get('content-type')]).toEqual([200, type]);
      expect(file.text).not.toMatch(/https?:\/\/|@import|url\(/);
    }
  });

  it('has a sign for the tab, so that none is looked for in vain', async () => {
    const api = await startApi();
    const icon = await api.ask('GET', '/api/docs/icon.svg', { token: null });
    expect([icon.status, icon.headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
  });

  it('has a script that reads, and that puts text on the page as text', () => {
    expect(() => new Script(DOCS_SCRIPT)).not.toThrow();
    expect(DOCS_SCRIPT).not.toMatch(/innerHTML|outerHTML|insertAdjacent|document\.write|eval/);
  });

  it('is packed for who takes it so, and not for others', async () => {
    const api = await startApi();
    const asked = (accepted: string) =>
      api.ask('GET', '/api/docs', { token: null, headers: { 'accept-encoding': accepted } });
    const plain = await asked('identity');
    expect(plain.headers.get('content-encoding')).toBeNull();
    for (const accepted of ['gzip', 'br, GZIP;q=0.5', 'deflate, gzip']) {
      const { headers, text } = await asked(accepted);
      expect([headers.get('content-encoding'), headers.get('vary')]).toEqual(['gzip', 'accept-encoding']);
      expect(text).toBe(plain.text);
      expect(headers.get('etag')).not.toBe(plain.headers.get('etag'));
      expect(Number(headers.get('content-length'))).toBeLessThan(plain.text.length / 5);
    }
    for (const accepted of ['gzip;q=0', 'gzip; q=0.000', 'br', '']) {
      expect((await asked(accepted)).headers.get('content-encoding')).toBeNull();
    }
  });

  it('leads nowhere that is not there', async () => {
    const api = await startApi();
    const { text } = await api.ask('GET', '/api/docs', { token: null });
    const ids = new Set([...text.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const targets = [...text.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.filter((id) => !ids.has(id))).toEqual([]);
    expect(ids.size).toBe([...text.matchAll(/ id="([^"]+)"/g)].length);
  });
});

describe('text on a page', () => {
  it('stays text', () => {
    expect(html`<p title="${'"><script>'}">${["<b>'&", null, 3]}</p>`.markup).toBe(
      '<p title="&quot;&gt;&lt;script&gt;">&lt;b&gt;&#39;&amp;3</p>',
    );
    expect(prose('a `<b>` c').markup).toBe('a <code>&lt;b&gt;</code> c');
  });
});
