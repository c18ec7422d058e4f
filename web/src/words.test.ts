import { describe, expect, it } from 'vitest';
import { site } from './samples.ts';
import {
  ago,
  asUrl,
  every,
  lasting,
  linkTarget,
  measured,
  reasonInWords,
  sentence,
  shortUrl,
  watchedInWords,
} from './words.ts';

const MINUTE = 60_000;

describe('times in words', () => {
  it('say how long ago in one unit', () => {
    expect(ago(0, 1_999)).toBe('just now');
    expect(ago(0, 12_400)).toBe('12 s ago');
    expect(ago(0, 5 * MINUTE)).toBe('5 min ago');
    expect(ago(0, 200 * MINUTE)).toBe('3 h ago');
    expect(ago(0, 50 * 60 * MINUTE)).toBe('2 d ago');
  });

  it('call what lies ahead of a slow clock just now', () => {
    expect(ago(5_000, 0)).toBe('just now');
    expect(ago(Number.NaN, 0)).toBe('just now');
  });

  it('say how long something lasts in two units at most', () => {
    expect(lasting(-5)).toBe('0 s');
    expect(lasting(12_999)).toBe('12 s');
    expect(lasting(3 * MINUTE + 5_000)).toBe('3 min 5 s');
    expect(lasting(120 * MINUTE)).toBe('2 h');
    expect(lasting(26 * 60 * MINUTE)).toBe('1 d 2 h');
    expect(every(300)).toBe('every 5 min');
    expect(every(45)).toBe('every 45 s');
  });

  it('measure with as many digits as matter', () => {
    expect(measured(0.42)).toBe('0.4 ms');
    expect(measured(9.96)).toBe('10 ms');
    expect(measured(999.4)).toBe('999 ms');
    expect(measured(999.6)).toBe('1.00 s');
    expect(measured(12_345)).toBe('12.3 s');
  });
});

describe('what someone typed', () => {
  it('gets https when it has no scheme', () => {
    expect(asUrl(' example.com/path ')).toBe('https://example.com/path');
    expect(asUrl('localhost:8080')).toBe('https://localhost:8080');
    expect(asUrl('example.com:8080/x')).toBe('https://example.com:8080/x');
  });

  it('stays as it is otherwise, for the server to judge', () => {
    for (const text of ['http://example.com', 'HTTPS://example.com', 'ftp://example.com', 'javascript:alert(1)', '']) {
      expect(asUrl(text)).toBe(text);
    }
  });
});

describe('links', () => {
  it('lead to http and https alone', () => {
    expect(linkTarget('https://example.com/a')).toBe('https://example.com/a');
    expect(linkTarget('http://127.0.0.1:81')).toBe('http://127.0.0.1:81/');
    for (const url of [
      'javascript:alert(1)',
      ' javascript:alert(1)',
      'data:text/html,x',
      'file:///etc',
      'nonsense',
      '',
    ]) {
      expect(linkTarget(url)).toBeNull();
    }
  });

  it('read without what every URL has', () => {
    expect(shortUrl('https://example.com/')).toBe('example.com');
    expect(shortUrl('https://example.com/a/')).toBe('example.com/a/');
    expect(shortUrl('http://example.com/')).toBe('http://example.com/');
  });
});

describe('codes and messages in words', () => {
  it('name the reasons we know and show the others readably', () => {
    expect(reasonInWords('local_confirmed')).toBe('confirmed by fresh retries');
    expect(reasonInWords('a_new_reason')).toBe('a new reason');
    expect(reasonInWords('constructor')).toBe('constructor');
  });

  it('make a sentence without touching addresses', () => {
    expect(sentence('no reply from the server')).toBe('No reply from the server.');
    expect(sentence('https://a.example/ is watched already.')).toBe('https://a.example/ is watched already.');
    expect(sentence('monitor_url is too long')).toBe('monitor_url is too long.');
    expect(sentence('')).toBe('');
  });
});

it('says what became of an address that someone asked to watch', () => {
  const url = 'https://s1.example/';
  expect(watchedInWords(url, { outcome: 'created', siteId: 1, site: site(1) })).toBe(`Watching ${url} from now on.`);
  expect(watchedInWords(url, { outcome: 'exists', siteId: 1 })).toBe(`${url} is already watched.`);
  const resumed = { outcome: 'resumed', was: 'removed', siteId: 1, site: site(1) } as const;
  expect(watchedInWords(url, resumed)).toBe(`Watching ${url} again; it was removed.`);
});
