import { describe, expect, it } from 'vitest';
import type { EventDetail } from '../../contracts/events.ts';
import { isCausedBy, openedFor } from './caused-by.ts';

const URL = 'http://127.0.0.1:8091/status/500';
const CAUSE = { endpointId: 5, url: URL, reasons: ['http_server_error'], afterEvent: 6n };

const eventOf = (changes: Partial<EventDetail> = {}, reason = 'http_server_error') =>
  ({ id: 7, endpoint_id: 5, metadata: { reason, url: URL }, transitions: [], ...changes }) as unknown as EventDetail;

describe('an event', () => {
  it('is of the failure that was made where endpoint, URL and reason are and it opened since', () => {
    expect(isCausedBy(CAUSE, eventOf())).toBe(true);
    expect(isCausedBy(CAUSE, eventOf({}, 'dns_timeout'))).toBe(false);
    expect(isCausedBy(CAUSE, eventOf({ id: 6 }))).toBe(false);
    expect(isCausedBy(CAUSE, eventOf({ endpoint_id: 4 }))).toBe(false);
    expect(isCausedBy(CAUSE, eventOf({ endpoint_id: null }))).toBe(false);
    expect(isCausedBy({ ...CAUSE, endpointId: null }, eventOf())).toBe(false);
    expect(isCausedBy({ ...CAUSE, url: 'http://127.0.0.1:8091/ok' }, eventOf())).toBe(false);
  });

  it('that something else opened is of it once a later step was for its reason', () => {
    const later = { metadata: { reason: 'http_server_error', url: URL } } as EventDetail['transitions'][number];
    expect(isCausedBy(CAUSE, eventOf({ transitions: [later] }, 'tcp_timeout'))).toBe(true);
  });

  it.each([null, 'text', [], {}])('that says nothing of its cause is of something else: %j', (metadata) => {
    expect(isCausedBy(CAUSE, eventOf({ metadata }))).toBe(false);
    expect(openedFor({ metadata })).toBeNull();
  });
});
