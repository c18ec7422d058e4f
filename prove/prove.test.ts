import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { Facts } from './facts.ts';
import { newcomerEnvironment, newcomerPath } from './newcomer.ts';
import { withSection } from './page.ts';
import { prove } from './runner.ts';
import { median } from './statistics.ts';
import { markdownTable, terminalTable } from './table.ts';
import { type Claim, isWanted, type Topic } from './topic.ts';

const held: Claim = { what: 'start', goal: '≤ 2 s', measured: '1.2 s', held: true };
const missed: Claim = { what: 'memory', goal: '≤ 150 MB', measured: '180 MB', held: false, detail: 'one | run' };
const facts: Facts = { date: '2026-01-02', cores: 2, memoryGb: 4, node: 'v24.0.0', commit: 'abc' };

function topic(...claims: Claim[]): Topic {
  return {
    name: 'sample',
    title: 'A sample',
    async *run(context) {
      context.progress('measuring');
      yield* claims;
    },
  };
}

function sink() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream, text: () => stripVTControlCharacters(chunks.join('')) };
}

async function runTopic(sample: Topic, json: boolean, only: string[] = []) {
  const [out, err] = [sink(), sink()];
  const { signal } = new AbortController();
  const options = { root: '.', long: false, only, rounds: null, json, write: false, signal };
  const ok = await prove(sample, options, { out: out.stream, err: err.stream });
  return { ok, out: out.text(), err: err.text() };
}

describe('a run of a topic', () => {
  it('shows each row and the table, and holds when every claim does', async () => {
    const { ok, out, err } = await runTopic(topic(held), false);
    expect(ok).toBe(true);
    expect(out).toContain('held     start: 1.2 s (goal ≤ 2 s)');
    expect(out).toMatch(/cores, \d+ GB/);
    expect(err).toContain('measuring');
  });

  it('says MISSED of a missed goal and does not hold', async () => {
    const { ok, out } = await runTopic(topic(held, missed), false);
    expect(ok).toBe(false);
    expect(out).toContain('MISSED   memory: 180 MB');
  });

  it('does not hold when nothing was claimed', async () => {
    expect((await runTopic(topic(), false)).ok).toBe(false);
  });

  it('keeps to the claims that hold every word asked for', async () => {
    const { ok, out } = await runTopic(topic(held, missed), false, ['sta']);
    expect(ok).toBe(true);
    expect(out).not.toContain('memory');
    expect((await runTopic(topic(held, missed), false, ['sta', 'memory'])).ok).toBe(false);
  });

  it('prints one document with --json', async () => {
    const { out } = await runTopic(topic(held, missed), true);
    expect(JSON.parse(out)).toMatchObject({ topic: 'sample', held: false, claims: [held, missed] });
  });
});

describe('the tables', () => {
  it('line up in a terminal', () => {
    const lines = terminalTable([held, missed]).split('\n');
    expect(lines[1]?.indexOf('≤')).toBe(lines[2]?.indexOf('≤'));
  });

  it('keep their cells in markdown', () => {
    expect(markdownTable([missed])).toContain('| memory (one \\| run) | ≤ 150 MB | 180 MB | MISSED |');
  });
});

describe('the page of results', () => {
  it('is begun with the first topic', () => {
    const page = withSection(null, topic(), [held], facts);
    expect(page).toMatch(/^# Performance/);
    expect(page).toContain('2 cores, 4 GB of memory');
  });

  it('has one section a topic, replaced by the newest run, and leaves the rest as it is', () => {
    const first = `${withSection(null, topic(), [missed], facts)}\nWritten by hand.\n`;
    const second = withSection(first, topic(), [held], facts);
    expect(second).not.toContain('MISSED');
    expect(second.match(/<!-- prove:sample -->/g)).toHaveLength(1);
    expect(second).toContain('Written by hand.');
    expect(withSection(second, { ...topic(), name: 'other' }, [held], facts)).toContain('<!-- prove:sample -->');
  });
});

describe('the newcomer', () => {
  it('has no program of ours on the path', () => {
    expect(newcomerPath('/a/node_modules/.bin:/usr/bin:/x/node-gyp-bin')).toBe('/usr/bin');
  });

  it('has none of our settings, and those we give', () => {
    const env = newcomerEnvironment({ HTTP_PORT: '0' });
    expect(env['HTTP_PORT']).toBe('0');
    expect(
      Object.keys(env).filter((name) => /^(npm_lifecycle|npm_config_local_prefix|NODE_|JETMON_)/.test(name)),
    ).toEqual([]);
  });
});

describe('what is asked for', () => {
  it('is wanted whatever its capitals', () => {
    expect(isWanted({ only: ['start', 'npm'] }, 'Second NPM start')).toBe(true);
    expect(isWanted({ only: ['npm', 'check'] }, 'Second NPM start')).toBe(false);
    expect(isWanted({ only: [] }, 'Second NPM start')).toBe(true);
  });
});

it('takes the lower middle of an even count', () => {
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([3, 1, 2])).toBe(2);
  expect(median([])).toBeNaN();
});
