import { describe, expect, it } from 'vitest';
import { replyText } from './show-reply.ts';

const EVENT = { id: 7, check_type: 'http', state: 'Seems Down', severity: 3, ended_at: null };
const VOTES = [{ verifier: 'one', region: 'eu', says: 'none', reason: 'silent' }];

function tableOf(...events: object[]): string[] {
  const text = replyText({ data: events, page: { next: null } }, 'table', 120);
  return text.trimEnd().split('\n');
}

describe('a table of events', () => {
  it('says in a word what verifiers said last', () => {
    const unverified = { outcome: 'unverified', verified_at: '2026-01-01T00:00:00.000Z', quorum: 2, votes: VOTES };
    const lines = tableOf({ ...EVENT, verification: unverified }, { ...EVENT, id: 8, verification: null });
    expect(lines[0]).toMatch(/STATE +VERIFICATION/);
    expect(lines[1]).toMatch(/Seems Down +unverified/);
    expect(lines[2]).toMatch(/Seems Down +-/);
  });

  it('has no such column where nobody was asked', () => {
    expect(tableOf({ ...EVENT, verification: null })[0]).not.toContain('VERIFICATION');
  });

  it('shows a word from a stranger without what a terminal would act upon', () => {
    const lines = tableOf({ ...EVENT, verification: { outcome: '\u001b[2Junverified' } });
    expect(lines.join('')).not.toContain('\u001b');
    expect(lines[1]).toContain('unverified');
  });

  it('leaves the rest to the document', () => {
    const verification = { outcome: 'unverified', votes: VOTES };
    const text = replyText({ data: [{ ...EVENT, verification }], page: { next: null } }, 'json', 120);
    expect(JSON.parse(text)).toMatchObject({ data: [{ verification }] });
  });
});
