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

  it('below the level is not written', () => {
    expect(logged('text', (log) => log.debug('nothing'))).toBe('');
  });
});
