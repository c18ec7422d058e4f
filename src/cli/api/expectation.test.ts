import { describe, expect, it } from 'vitest';
import type { EventDetail } from '../../contracts/events.ts';
import { expectationIn, expectationWords, hopelessWords, isMet, NOTHING_SEEN, seenWords } from './expectation.ts';

const DOWN = {
  id: 7,
  state: 'Down',
  severity: 4,
  transitions: [{ reason: 'opened' }, { reason: 'local_confirmed' }],
} as unknown as EventDetail;
const SEEMS_DOWN = { ...DOWN, state: 'Seems Down', severity: 3, transitions: [] } as EventDetail;

const isMetBy = (options: Parameters<typeof expectationIn>[0], event: EventDetail | null) =>
  isMet(expectationIn(options), { event });

describe('what is expected', () => {
  it('is Down unless something else is said', () => {
    expect([DOWN, SEEMS_DOWN, null].map((event) => isMetBy({}, event))).toEqual([true, false, false]);
    expect(isMetBy({ requireTransition: true }, DOWN)).toBe(true);
    expect(isMetBy({ requireTransition: true }, SEEMS_DOWN)).toBe(false);
  });

  it('holds all at once', () => {
    expect(isMetBy({ expectEventState: 'seems down', expectEventSeverity: '3' }, SEEMS_DOWN)).toBe(true);
    expect(isMetBy({ expectEventState: 'Seems Down', expectEventSeverity: '4' }, SEEMS_DOWN)).toBe(false);
    expect(isMetBy({ expectTransitionReason: 'local_confirmed' }, DOWN)).toBe(true);
    expect(isMetBy({ expectTransitionReason: 'verifier_confirmed' }, DOWN)).toBe(false);
  });

  it('is named in words, and so is a word that is none', () => {
    const all = { expectEventState: 'Down', expectEventSeverity: '4', requireTransition: true };
    expect(expectationWords(expectationIn({ ...all, expectTransitionReason: 'opened' }))).toBe(
      'an open event of this failure: Down, severity 4, a transition, a transition for opened',
    );
    expect(() => expectationIn({ expectEventState: 'Up' })).toThrow(/--expect-event-state Up is no state/);
    expect(() => expectationIn({ expectEventSeverity: '256' })).toThrow(/--expect-event-severity 256/);
  });
});

describe('what was seen', () => {
  const latest = { state: 'Unknown', reason: 'egress_refused', summary: 'the monitor does not go there' } as const;

  it('is told in one line', () => {
    expect(seenWords(NOTHING_SEEN)).toContain('nobody looked yet');
    const nothing = { ...NOTHING_SEEN, latest };
    expect(seenWords(nothing)).toContain('Unknown, egress_refused: the monitor does not go there');
    const other = { ...DOWN, metadata: { reason: 'dns_timeout' } };
    expect(seenWords({ ...nothing, other })).toMatch(
      /^event 7 is Down for something else \(dns_timeout\); the last look/,
    );
    expect(seenWords({ ...nothing, event: DOWN })).toBe('event 7 is Down, severity 4 (opened, local_confirmed)');
  });

  it('says how to open the guard where the server does not go', () => {
    const fixFor = (url: string) => hopelessWords({ latest, event: null }, url)?.fix;
    expect(fixFor('http://127.0.0.1:8091/ok')).toContain('EGRESS_ALLOW=127.0.0.0/8');
    expect(fixFor('http://localhost:8091/ok')).toContain('EGRESS_ALLOW=127.0.0.0/8');
    expect(fixFor('http://192.0.2.1/')).toContain('EGRESS_ALLOW=192.0.2.1');
    expect(hopelessWords({ latest, event: DOWN }, 'http://127.0.0.1/')).toBeNull();
    expect(hopelessWords({ latest: { ...latest, reason: 'dns_timeout' }, event: null }, 'http://a.test/')).toBeNull();
  });
});
