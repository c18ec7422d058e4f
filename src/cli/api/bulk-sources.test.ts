import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fixtureUrls, textOfFile, textOfInput, urlsIn } from './bulk-sources.ts';

const A = 'https://a.example/';
const B = 'https://b.example/x';

describe('URLs of a text', () => {
  it.each([
    ['a list of strings', `["${A}", "b.example/x"]`],
    ['a list of objects', `[{"url": "${A}", "name": "a"}, {"monitor_url": "${B}"}]`],
    ['an object with sites', `{"sites": [{"monitor_url": "${A}"}, "${B}"]}`],
    ['lines with notes', `# mine\n\n${A}\r\n  b.example/x\n`],
    ['CSV by its header', `name,URL\n"a, of course",${A}\nb,${B}\n`],
    ['CSV with its header in quotes', `"monitor_url","name"\n${A},a\n${B},b\n`],
  ])('are read from %s', (_, text) => {
    expect(urlsIn(text, 'the file')).toEqual([A, B]);
  });

  it('may be one alone', () => {
    expect([urlsIn(`"${A}"`, 'f'), urlsIn(`{"url": "${A}"}`, 'f'), urlsIn('a.example', 'f')]).toEqual([[A], [A], [A]]);
  });

  it.each([
    ['', /f holds no URL/],
    ['[]', /f holds no URL/],
    [`["${A}", 7]`, /entry 2 of f is neither/],
    ['[{"uri": "x"}]', /entry 1 of f is neither/],
    ['["a"', /f .*/],
    [`url\n${A}\nftp://b.example/\n`, /entry 2 of f: .*scheme/],
    ['url\n"a', /f is not CSV/],
  ])('that are not there, as in %j, are told by their place', (text, message) => {
    expect(() => urlsIn(text, 'f')).toThrow(message);
  });
});

describe('a source', () => {
  it('that is too large or cannot be read is refused', async () => {
    const large = Readable.from([Buffer.alloc(3_000_000, 'a'), Buffer.alloc(3_000_000, 'a')]);
    await expect(textOfInput(large)).rejects.toThrow(/larger than 4 MiB/);
    expect(await textOfInput(Readable.from([Buffer.from([0xc3]), Buffer.from([0xa9])]))).toBe('é');
    expect(() => textOfFile('/nowhere/at/all')).toThrow(/cannot be read \(ENOENT\)/);
  });

  it('of its own has ten entries, of the test site where there is one', () => {
    const here = fixtureUrls({ http: 'http://127.0.0.1:1', https: null });
    expect(new Set(here).size).toBe(10);
    expect(here.every((url) => url.startsWith('http://127.0.0.1:1/'))).toBe(true);
    expect(fixtureUrls({ http: 'http://127.0.0.1:1', https: 'https://127.0.0.1:2' })).toContain(
      'https://127.0.0.1:2/tls',
    );
    expect(new Set(fixtureUrls({ http: null, https: null })).size).toBe(10);
  });
});
