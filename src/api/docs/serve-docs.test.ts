import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';
import { CONTRACTS } from '../../contracts/all.ts';
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
      expect(own).toContain('<code>curl ');
      expect(own).toContain(`<code>HTTP ${success}`);
    }
  });

  it('needs nothing from elsewhere and nothing inline', async () => {
    const api = await startApi();
    const { text, headers } = await api.ask('GET', '/api/docs', { token: null });
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('content-security-policy')).not.toContain('unsafe');
    const loaded = [...text.matchAll(/<(?:script|link|img|iframe)[^>]*?(?:src|href)="([^"]*)"/g)].map(([, url]) => url);
    expect(loaded).toEqual(['/api/docs/style.css', '/api/docs/search.js']);
    expect(text).not.toMatch(/<style|<script>|\sstyle=|\son\w+=/);
    for (const [path, type] of [
      ['/api/docs/style.css', 'text/css; charset=utf-8'],
      ['/api/docs/search.js', 'text/javascript; charset=utf-8'],
    ] as const) {
      const file = await api.ask('GET', path, { token: null });
      expect([file.status, file.headers.get('content-type')]).toEqual([200, type]);
      expect(file.text).not.toMatch(/https?:\/\/|@import|url\(/);
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
