import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLog, type LogFormat } from './log.ts';

function logged(format: LogFormat, write: (log: ReturnType<typeof createLog>) => void): string {
  let text = '';
  const out = new Writable({
    write(chunk, _encoding, done) {
      text += String(chunk);
      done();
    },
  });
  write(createLog({ level: 'info', format, out }));
  return text;
}

describe('a log line', () => {
  it('in text says when, how bad, what, and the facts', () => {
    const line = logged('text', (log) => log.warn({ url: 'https://example.com/', attempts: 2 }, 'slow'));
    expect(line).toMatch(/^\d\d:\d\d:\d\d warn {2}slow {2}url=https:\/\/example.com\/ attempts=2\n$/);
  });

  it('stays one line whatever a stranger put into it', () => {
    const line = logged('text', (log) => log.info({ header: 'a\nERROR forged \u001b[2J' }, 'got\r\nmore'));
    expect(line.trimEnd().split('\n')).toHaveLength(1);
    expect(line).not.toContain('\u001b');
  });

  it('in JSON carries no character that steers a terminal, and loses none', () => {
    const line = logged('json', (log) => log.info({ header: '\u009b31m \u202etxt' }, 'x'));
    expect(line).not.toMatch(/[\u009b\u202e]/);
    expect(JSON.parse(line).header).toBe('\u009b31m \u202etxt');
  });

  it('in JSON parses, with an ISO time', () => {
    const document = JSON.parse(logged('json', (log) => log.error({ code: 'x' }, 'broken')));
    expect(document).toMatchObject({ code: 'x', msg: 'broken' });
    expect(new Date(document.time).toISOString()).toBe(document.time);
  });

  it('hides secrets', () => {
    const line = logged('json', (log) =>
      log.info({ token: 'jm_SECRET', headers: { authorization: 'Bearer jm_SECRET' } }, 'x'),
    );
    expect(line).not.toContain('SECRET');
  });

  it('is written from the level on that was set last', () => {
    const text = logged('text', (log) => {
      log.setLevel('error');
      log.warn('kept quiet');
      log.setLevel('debug');
      log.debug('told');
    });
    expect(text).not.toContain('kept quiet');
    expect(text).toContain('told');
  });

  it.each(['text', 'json'] as const)(
    'that was lost is missed in %s, when the next one can be written',
    async (format) => {
      let text = '';
      let isFull = true;
      const out = new Writable();
      out.write = (chunk: string, done: unknown) => {
        if (!isFull) text += chunk;
        process.nextTick(done as (error: Error | null) => void, isFull ? new Error('ENOSPC') : null);
        return true;
      };
      const log = createLog({ level: 'error', format, out });
      log.error('lost');
      await new Promise(setImmediate);
      expect(log.dropped()).toBe(1);
      isFull = false;

      log.error('kept');
      await new Promise(setImmediate);
      const note = text.trim().split('\n')[1] ?? '';
      if (format === 'json') expect(JSON.parse(note)).toMatchObject({ level: 40, lines: 1 });
      else expect(note).toMatch(/^\d\d:\d\d:\d\d warn {2}lines of this log were lost.* {2}lines=1$/);
    },
  );

  it('below the level is not written', () => {
    expect(logged('text', (log) => log.debug('nothing'))).toBe('');
  });
});
