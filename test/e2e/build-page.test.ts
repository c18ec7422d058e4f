import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Checkout, createCheckout, start } from '../kit/checkout.ts';

let checkout: Checkout;
beforeEach(() => {
  checkout = createCheckout();
  // A stand-in for the bundler: its page is the text of the source, and it fails on the word BROKEN.
  put(
    'node_modules/vite/bin/vite.js',
    `const fs = require('fs');
    const out = process.argv[process.argv.indexOf('--outDir') + 1];
    const text = fs.readFileSync('web/index.html', 'utf8');
    fs.mkdirSync(out + '/assets', { recursive: true });
    fs.writeFileSync(out + '/index.html', text);
    if (text.includes('BROKEN')) throw new Error('does not build');`,
  );
});
afterEach(() => checkout.remove());

function put(path: string, text: string): void {
  const file = join(checkout.root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

function build() {
  const code = `const { buildPage } = require('./scripts/build-page.cjs');
    const { refuse } = require('./scripts/install.cjs');
    try { console.log(buildPage(process.cwd(), process.execPath)); } catch (error) { refuse(error); }`;
  return start(['-e', code], { cwd: checkout.root }).finished;
}

const page = () => readFileSync(join(checkout.root, 'web', 'dist', 'index.html'), 'utf8');
const web = () => readdirSync(join(checkout.root, 'web')).sort();

describe('the page', () => {
  it('is built once, and again when what it is made of changes', async () => {
    put('web/index.html', 'one');
    expect(await build()).toMatchObject({ code: 0, out: 'true\n' });
    expect(await build()).toMatchObject({ code: 0, out: 'false\n', err: '' });
    put('src/client/client.ts', 'export {};');
    expect((await build()).out).toBe('true\n');
    put('web/index.html', 'another');
    expect((await build()).out).toBe('true\n');
    expect(page()).toBe('another');
    expect(web()).toEqual(['dist', 'index.html']);
  });

  it('is not built again for a test of its sources', async () => {
    put('web/index.html', 'one');
    await build();
    put('web/model.test.ts', '');
    expect((await build()).out).toBe('false\n');
  });

  it('stays as it was when the new one does not build, which is said in one line with the cause above', async () => {
    put('web/index.html', 'good');
    await build();
    put('web/index.html', 'BROKEN');
    const { code, err } = await build();
    expect(code).toBe(2);
    expect(err).toContain('does not build');
    expect(err.trim().split('\n').at(-1)).toMatch(/^jetmon2: the page in web\/ does not build \(exit 1\)/);
    expect(page()).toBe('good');
    expect(web()).toEqual(['dist', 'index.html']);
  });

  it('is no concern where there is no web folder', async () => {
    expect((await build()).out).toBe('false\n');
    expect(existsSync(join(checkout.root, 'web'))).toBe(false);
  });
});
