import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';

const URL_A = 'https://a.example/';

describe('numbers of a site', () => {
  it.each([
    ['check_interval', 0],
    ['check_interval', 256],
    ['check_interval', 1.5],
    ['check_interval_seconds', 59],
    ['check_interval_seconds', 604_801],
    ['timeout_seconds', 0],
    ['timeout_seconds', 256],
    ['alert_cooldown_minutes', -1],
    ['alert_cooldown_minutes', 65_536],
    ['bucket_no', -1],
    ['bucket_no', 65_536],
    ['bucket_no', '7'],
    ['blog_id', 0],
  ])('are refused by name outside of what they may be: %s %s', async (member, value) => {
    const api = await startApi();
    const { body: site } = await api.ask('POST', '/api/v1/sites', { body: { monitor_url: URL_A } });
    const created = await api.ask('POST', '/api/v1/sites', {
      body: { monitor_url: 'https://b.example/', [member]: value },
    });
    const changed = await api.ask('PATCH', `/api/v1/sites/${site.id}`, { body: { [member]: value } });
    for (const { status, body } of [created, changed]) {
      expect([status, body.error.code, body.error.details.field]).toEqual([422, 'invalid_field', member]);
    }
  });

  it('that may be left to the server are told apart: absent stays, null clears', async () => {
    const api = await startApi();
    const numbers = { timeout_seconds: 7, alert_cooldown_minutes: 0 };
    const { body: site } = await api.ask('POST', '/api/v1/sites', { body: { monitor_url: URL_A, ...numbers } });
    expect(site).toMatchObject(numbers);
    const path = `/api/v1/sites/${site.id}`;
    const untouched = await api.ask('PATCH', path, { body: { bucket_no: 3 } });
    expect(untouched.body).toMatchObject({ ...numbers, bucket_no: 3 });
    const changed = await api.ask('PATCH', path, { body: { alert_cooldown_minutes: 65_535 } });
    expect(changed.body).toMatchObject({ timeout_seconds: 7, alert_cooldown_minutes: 65_535 });
    const cleared = await api.ask('PATCH', path, { body: { timeout_seconds: null, alert_cooldown_minutes: null } });
    expect(cleared.body).toMatchObject({ timeout_seconds: null, alert_cooldown_minutes: null });
    expect((await api.ask('GET', path)).body).toEqual({ ...cleared.body, active_events: [] });
  });
});
