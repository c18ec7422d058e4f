import { expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../contracts/default-settings.ts';
import type { Site } from '../../contracts/sites.ts';
import { planSites } from './plan.ts';

function siteOf(id: number, removedAt: string | null): Site {
  const endpoints = [{ monitor_url: 'https://a.example/' }];
  const site = { ...DEFAULT_SETTINGS, id, monitor_url: 'https://a.example/', monitor_active: true, endpoints };
  return { ...site, removed_at: removedAt, custom_header_names: [] } as unknown as Site;
}

it('of two sites with one URL the watched one is meant, wherever it stands, and the removed one is left alone', () => {
  const [watched, removed] = [siteOf(1, null), siteOf(2, '2026-11-27T00:00:00.000Z')];
  for (const sites of [
    [watched, removed],
    [removed, watched],
  ]) {
    const plan = planSites([{ monitor_url: 'https://a.example/' }], sites, { prune: true, rewriteHeaders: false });
    expect(plan).toEqual({ steps: [], unchanged: 1, notes: [] });
  }
});
