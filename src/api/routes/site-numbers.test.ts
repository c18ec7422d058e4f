import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { startApi } from '../../../test/kit/api.ts';

const URL_A = 'https://a.example/';

describe('numbers of a site', () => {
  it.each([
    ['check_interval', 0],
    ['check_interval', 10_081],
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

  it('take back what was read, however long the interval is', async () => {
    const api = await startApi();
    const week = { monitor_url: URL_A, check_interval: 10_080 };
    const { status, body: site } = await api.ask('POST', '/api/v1/sites', { body: week });
    expect([status, site.check_interval, site.check_interval_seconds]).toEqual([201, 10_080, 604_800]);
    const path = `/api/v1/sites/${site.id}`;
    await api.ask('PATCH', path, { body: { check_interval_seconds: 18_000 } });
    const read = (await api.ask('GET', path)).body;
    expect(read.check_interval).toBe(300);
    const { check_interval } = read;
    const written = await api.ask('PATCH', path, { body: { check_interval } });
    expect([written.status, written.body.check_interval_seconds]).toEqual([200, 18_000]);
    // The column that other programs read holds 255 minutes at most, and says so.
    const { rows } = await sql<{
      mirrored: bigint;
    }>`select check_interval as mirrored from jetpack_monitor_sites`.execute(api.database.kysely);
    expect(rows).toEqual([{ mirrored: 255n }]);
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
