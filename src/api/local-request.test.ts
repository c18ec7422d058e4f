import { describe, expect, it } from 'vitest';
import { isLoopbackBind, mayOpenSession, mayUseSession } from './local-request.ts';

describe('isLoopbackBind', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('knows %s as this machine alone', (host) => {
    expect(isLoopbackBind(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example', ''])('does not trust %s', (host) => {
    expect(isLoopbackBind(host)).toBe(false);
  });
});

describe('mayOpenSession', () => {
  it.each(['localhost', 'LOCALHOST:8080', '127.0.0.1:8080', '[::1]:8080'])('allows the Host %s', (host) => {
    expect(mayOpenSession({ host })).toBe(true);
    expect(mayOpenSession({ host, origin: `http://${host}` })).toBe(true);
  });

  it.each([
    '',
    'example.com',
    'localhost@evil.example',
    'localhost:80:80',
    '127.0.0.1.nip.example',
    '[::1].example',
    ' localhost',
  ])('refuses the Host %j', (host) => {
    expect(mayOpenSession({ host })).toBe(false);
  });

  it('refuses a request without Host, and one that was passed on', () => {
    expect(mayOpenSession({})).toBe(false);
    expect(mayOpenSession({ host: 'localhost', forwarded: 'for=203.0.113.1' })).toBe(false);
  });

  it('does not mind where a navigation comes from', () => {
    expect(mayOpenSession({ host: 'localhost', 'sec-fetch-site': 'cross-site' })).toBe(true);
    expect(mayUseSession('GET', { host: 'localhost', 'sec-fetch-site': 'cross-site' })).toBe(false);
  });
});

describe('mayUseSession', () => {
  it('asks for proof of the same origin before a change', () => {
    const host = 'localhost:8080';
    for (const method of ['POST', 'PATCH', 'DELETE']) {
      expect(mayUseSession(method, { host })).toBe(false);
      expect(mayUseSession(method, { host, 'sec-fetch-site': 'none' })).toBe(false);
      expect(mayUseSession(method, { host, 'sec-fetch-site': 'same-origin' })).toBe(true);
      expect(mayUseSession(method, { host, origin: `http://${host}` })).toBe(true);
      expect(mayUseSession(method, { host, origin: 'http://localhost' })).toBe(false);
    }
    expect(mayUseSession('GET', { host })).toBe(true);
    expect(mayUseSession('HEAD', { host })).toBe(true);
  });
});
