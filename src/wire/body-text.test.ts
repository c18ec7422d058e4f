import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBodyText, type TextFound, type TextWanted } from './body-text.ts';

const NEEDLE: TextWanted['rules'] = { required: Buffer.from('needle'), forbidden: [Buffer.from('hacked')] };
const WHOLE = { mayBeCut: false, wait: true };

function open(wanted: Partial<TextWanted> = {}) {
  return createBodyText({
    coding: 'gzip',
    rules: NEEDLE,
    excerpt: false,
    hash: true,
    endless: false,
    limitBytes: 1_048_576,
    ...wanted,
  });
}

function read(bytes: Buffer | readonly Buffer[], wanted: Partial<TextWanted> = {}, how = WHOLE): Promise<TextFound> {
  const text = open(wanted);
  for (const piece of Buffer.isBuffer(bytes) ? [bytes] : bytes) {
    const copy = Buffer.from(piece);
    text.push(copy);
    text.keep();
    copy.fill(0);
  }
  return new Promise((resolve) => text.end(how, resolve));
}

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
const searched = { outcome: 'searched', isRequiredMissing: false, forbiddenFound: null };

describe('a plain text', () => {
  it('is searched, hashed and kept in its first bytes at once', () => {
    const text = open({ coding: 'plain', excerpt: true });
    text.push(Buffer.from('a nee'));
    expect(text.isRequiredMissing()).toBe(true);
    text.push(Buffer.from('dle'));
    expect(text.isRequiredMissing()).toBe(false);
    const found: TextFound[] = [];
    text.end(WHOLE, (one) => found.push(one));
    expect(found).toMatchObject([
      { search: { ...searched, bytesSearched: 8 }, excerpt: 'a needle', stoppedBy: null, isCut: false },
    ]);
    expect(found[0]?.sha256()).toBe(sha256('a needle'));
  });

  it('is kept to 1 KiB, every byte as it is', async () => {
    const bytes = Buffer.alloc(5_000, '\xe9\x00\x1b', 'latin1');
    const { excerpt, search } = await read([bytes.subarray(0, 700), bytes.subarray(700)], {
      coding: 'plain',
      rules: null,
      excerpt: true,
    });
    expect(excerpt).toBe(bytes.toString('latin1', 0, 1_024));
    expect(search).toBeNull();
  });
});

describe('a compressed text', () => {
  it('is searched, hashed and kept as it is when decoded', async () => {
    const text = `a needle ${'x'.repeat(50_000)}`;
    const found = await read(gzipSync(text), { excerpt: true });
    expect(found).toMatchObject({
      search: { ...searched, bytesSearched: text.length },
      excerpt: text.slice(0, 1_024),
      stoppedBy: null,
      isCut: false,
    });
    expect(found.sha256()).toBe(sha256(text));
  });

  it('is searched over the borders at which the decoder cuts it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 6 }), fc.constantFrom(16_384, 32_768, 65_536), async (before, border) => {
        const text = `${Buffer.alloc(border - before, 'ab').toString()}needle hacked`;
        const { search } = await read(gzipSync(text));
        expect(search).toMatchObject({ isRequiredMissing: false, forbiddenFound: 0 });
      }),
      { numRuns: 20 },
    );
  });

  it('is told to be cut where nothing was to be missing, and searched where a part is enough', async () => {
    const half = gzipSync('a needle '.repeat(9)).subarray(0, 20);
    expect(await read(half)).toMatchObject({ search: { outcome: 'broken_encoding' }, isCut: true });
    expect(await read(half, {}, { mayBeCut: true, wait: true })).toMatchObject({
      search: { outcome: 'searched' },
      isCut: false,
    });
  });

  it('is broken, however much of it was wanted', async () => {
    for (const mayBeCut of [true, false]) {
      expect(await read(Buffer.from('plain needle'), {}, { mayBeCut, wait: true })).toMatchObject({
        search: { outcome: 'broken_encoding' },
        isCut: false,
      });
    }
  });

  it('is given up when it grows beyond its limit', async () => {
    const page = Array.from({ length: 3_000 }, (_, index) => `needle ${index} `).join('');
    const found = await read(gzipSync(page), { limitBytes: 20_000 });
    expect(found).toMatchObject({ stoppedBy: 'byte_budget', search: { ...searched, bytesSearched: 20_000 } });
    expect(found.sha256()).toBe(sha256(page.slice(0, 20_000)));
    expect((await read(gzipSync(page.slice(0, 20_000)), { limitBytes: 20_000 })).stoppedBy).toBeNull();
  });

  it('is given up when it grows a thousandfold, in one member or in many, before it is as large as its limit', async () => {
    const bomb = gzipSync(Buffer.alloc(20 * 1_048_576));
    const small = gzipSync(Buffer.alloc(30_000));
    for (const bytes of [bomb, Buffer.concat(Array<Buffer>(40).fill(small))]) {
      const { stoppedBy, search } = await read(bytes);
      expect(stoppedBy).toBe('ratio');
      expect(search).toMatchObject({ outcome: 'searched', isRequiredMissing: true });
      expect(search?.outcome === 'searched' && search.bytesSearched).toBeLessThan(200_000);
    }
  });

  it('may grow a thousandfold while it is small, and twentyfold always', async () => {
    expect((await read(gzipSync(Buffer.alloc(60_000)))).stoppedBy).toBeNull();
    const page = Array.from({ length: 2_000 }, (_, index) => `<li class="item">${index * 7919}</li>`.repeat(8)).join(
      '',
    );
    const packed = gzipSync(page);
    expect(page.length / packed.length).toBeGreaterThan(15);
    expect((await read(packed)).stoppedBy).toBeNull();
  });

  it('is full once it is given up, also before its end', async () => {
    const text = open({ endless: true });
    text.push(gzipSync(Buffer.alloc(20 * 1_048_576)).subarray(0, 10_000));
    expect(text.isFull()).toBe(false);
    await expect.poll(() => text.isFull()).toBe(true);
    const found: TextFound[] = [];
    text.end(WHOLE, (one) => found.push(one));
    expect(found).toMatchObject([{ stoppedBy: 'ratio' }]);
  });
});

describe('the end of a text that is still decoded', () => {
  it('comes at once when nobody waits, or when it is asked for again, and never twice', async () => {
    for (const waits of [[false], [true, true], [true, false]]) {
      const text = open({ endless: true });
      text.push(gzipSync('a needle'));
      const ends: number[] = [];
      waits.forEach((wait, index) => {
        text.end({ mayBeCut: index < waits.length - 1, wait: wait && index === 0 }, () => ends.push(index));
      });
      expect(ends).toEqual([waits.length - 1]);
      await delay(20);
      expect(ends).toHaveLength(1);
    }
  });

  it('never comes when the text is dropped', async () => {
    const text = open({ endless: true });
    text.push(gzipSync('a needle'));
    text.end(WHOLE, () => expect.unreachable());
    text.destroy();
    await delay(20);
    expect(text.isFull()).toBe(false);
  });
});

describe('a text in an encoding that was not asked for', () => {
  it('is not searched, though its bytes are hashed', async () => {
    const found = await read(Buffer.from('needle'), { coding: 'unreadable', excerpt: true });
    expect(found).toMatchObject({ search: { outcome: 'unsupported_encoding' }, excerpt: 'needle' });
    expect(found.sha256()).toBe(sha256('needle'));
  });
});

describe('the hash of a plain text', () => {
  const hashOf = async (text: string, wanted: Partial<TextWanted> = {}) =>
    (await read(Buffer.from(text), { coding: 'plain', hash: false, ...wanted })).sha256();

  it('is there for whoever looks into what is wrong', async () => {
    expect(await hashOf('nothing here')).toBe(sha256('nothing here'));
    expect(await hashOf('a needle, hacked')).toBe(sha256('a needle, hacked'));
    expect(await hashOf('an error', { rules: null, excerpt: true })).toBe(sha256('an error'));
  });

  it('is not made of a page that is as it should be, unless it was asked for', async () => {
    expect(await hashOf('a needle')).toBeNull();
    expect(await hashOf('a needle', { hash: true })).toBe(sha256('a needle'));
  });
});
