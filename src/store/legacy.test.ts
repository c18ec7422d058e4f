import { describe, expect, it } from 'vitest';
import { temporaryStore } from '../../test/kit/store.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { intervalSecondsOf, legacyInstant, minutesOf, parseLegacyInstant, registry, writeStatus } from './legacy.ts';

describe('the interval', () => {
  it('is whole minutes in the registry, rounded up and kept within the column', () => {
    expect([1, 59, 60, 61, 300, 15_300, 15_301, 604_800].map(minutesOf)).toEqual([1, 1, 1, 2, 5, 255, 255, 255]);
  });

  it('is exact while the registry agrees, and the registry wins when another program changed it', () => {
    expect(intervalSecondsOf(1, 45)).toBe(45);
    expect(intervalSecondsOf(2, 61)).toBe(61);
    expect(intervalSecondsOf(255, 604_800)).toBe(604_800);
    expect(intervalSecondsOf(10, 45)).toBe(600);
    expect(intervalSecondsOf(5, null)).toBe(300);
    expect(intervalSecondsOf(0, null)).toBe(60);
  });
});

describe('instants', () => {
  it('are written in UTC without fraction and read back', () => {
    const text = legacyInstant(Date.UTC(2026, 10, 23, 4, 5, 6, 789));
    expect(text).toBe('2026-11-23 04:05:06');
    expect(parseLegacyInstant(text)).toBe(Date.UTC(2026, 10, 23, 4, 5, 6));
  });

  it('that the column cannot hold become the nearest that it can', () => {
    expect([0, -5, 4e12].map(legacyInstant)).toEqual([
      '1970-01-01 00:00:01',
      '1970-01-01 00:00:01',
      '2038-01-19 03:14:07',
    ]);
  });

  it('that mean nothing are null', () => {
    expect([null, '', '0000-00-00 00:00:00', 'soon'].map(parseLegacyInstant)).toEqual([null, null, null, null]);
  });
});

describe('the registry', () => {
  it('is read in our words from the tables of version 1', async () => {
    const { db, addEndpoint } = await temporaryStore();
    const { endpointId, siteId } = await addEndpoint({ url: 'https://a.example/' });
    expect(await db.kysely.selectFrom(registry(db.kysely)).selectAll().execute()).toEqual([
      {
        endpoint_id: endpointId,
        site_id: siteId,
        bucket_no: 0n,
        url: 'https://a.example/',
        active: 1n,
        legacy_status: 1n,
        status_changed: null,
        interval_minutes: 1n,
      },
    ]);
  });

  it('keeps the instant of change when the status is written again', async () => {
    const { db, endpoints, addEndpoint } = await temporaryStore();
    const { endpointId } = await addEndpoint();
    await writeStatus(db.kysely, [endpointId], { status: 2, changedAt: legacyInstant(5_000) });
    await writeStatus(db.kysely, [endpointId], { status: 2, changedAt: legacyInstant(9_000) });
    expect(await endpoints.byId(EVERY_SITE, endpointId)).toMatchObject({ legacyStatus: 2, statusChangedAtMs: 5_000 });
  });
});
