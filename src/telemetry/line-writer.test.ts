import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../test/kit/eventually.ts';
import { createLineWriter } from './line-writer.ts';

const noteOf = (lines: number) => `${lines} lost`;
const LINE = 'x'.repeat(1_000);

/** A stream that fails while it is told to, and outlives that, as those of a process do. */
function failing(code: string) {
  const state = { isFailing: true, text: '' };
  const out = new Writable();
  out.write = (chunk: string, done: unknown) => {
    if (!state.isFailing) state.text += chunk;
    process.nextTick(done as (error: Error | null) => void, state.isFailing ? new Error(code) : null);
    return true;
  };
  return { out, state };
}

it.each(['ENOSPC', 'EIO', 'EPIPE', 'EAGAIN'])(
  'lines that end in %s are counted, and told of once writing works',
  async (code) => {
    const { out, state } = failing(code);
    const writer = createLineWriter({ out, noteOf });
    for (const line of ['one', 'two', 'three']) {
      writer.write(line);
      await turn();
    }
    expect(writer.dropped()).toBe(3);
    state.isFailing = false;
    for (const line of ['four', 'five']) {
      writer.write(line);
      await turn();
    }
    expect(state.text).toBe('\nfour\n3 lost\nfive\n');
    expect(writer.dropped()).toBe(3);
  },
);

it('a pipe that nobody reads keeps a bounded number of bytes, and what is lost is told when somebody does', async () => {
  const reader = spawn('cat');
  onTestFinished(() => void reader.kill('SIGKILL'));
  await once(reader, 'spawn');
  reader.kill('SIGSTOP');
  const { stdin, stdout } = reader;
  let text = '';
  stdout.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const writer = createLineWriter({ out: stdin, noteOf, maxWaitingBytes: 100_000 });
  for (let line = 0; line < 2_000; line += 1) writer.write(LINE);
  await eventually('the pipe is full', () => writer.dropped() > 0);
  const lost = writer.dropped();
  expect(stdin.writableLength).toBeLessThanOrEqual(100_000);
  expect(lost).toBeGreaterThan(1_000);
  reader.kill('SIGCONT');
  await eventually('the reader reads', () => text.includes('lost'));
  expect(text.split('\n').filter((line) => line !== LINE)).toEqual([`${lost} lost`, '']);
  writer.write('after');
  await eventually('it goes on', () => text.endsWith('after\n'));
  expect(writer.dropped()).toBe(lost);
});

it('a program whose log is on a full disk goes on, and knows what it lost', async () => {
  const full = openSync('/dev/full', 'w');
  const module = JSON.stringify(new URL('./line-writer.ts', import.meta.url).href);
  const program = `
    const { createLineWriter } = await import(${module});
    const writer = createLineWriter({ out: process.stderr, noteOf: String });
    for (let line = 0; line < 5; line += 1) {
      writer.write('x');
      await new Promise(setImmediate);
    }
    process.stdout.write(String(writer.dropped()));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', full] });
  let said = '';
  child.stdout?.on('data', (more: Buffer) => {
    said += more;
  });
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([0, '5']);
});

it('a stream that throws is a line that is lost', () => {
  const out = new Writable();
  out.write = () => {
    throw new Error('not now');
  };
  const writer = createLineWriter({ out, noteOf });
  writer.write('x');
  expect(writer.dropped()).toBe(1);
});
