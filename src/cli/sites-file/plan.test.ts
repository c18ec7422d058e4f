import { expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../contracts/default-settings.ts';
import { matchEntries } from './match.ts';
import { planSites } from './plan.ts';
import type { Watched } from './watched.ts';

const LIMITS = { minIntervalSeconds: null, checks: null };

function siteOf(id: number, removedAt: string | null, urls = ['https://a.example/']): Watched {
  const settings = { ...DEFAULT_SETTINGS, monitor_active: true, alert_cooldown_minutes: null, custom_header_names: [] };
  const endpoints = urls.map((monitor_url, at) => ({ ...settings, endpoint_id: id * 10 + at, monitor_url }));
  return { site: { id, monitor_url: urls[0], removed_at: removedAt }, endpoints } as unknown as Watched;
}

function planOf(entries: Parameters<typeof matchEntries>[0], sites: readonly Watched[]) {
  return planSites(matchEntries(entries, sites), sites, new Map(), {
    prune: true,
    rewriteHeaders: false,
    limits: LIMITS,
  });
}

it('of two sites with one URL the watched one is meant, wherever it stands, and the removed one is left alone', () => {
  const [watched, removed] = [siteOf(1, null), siteOf(2, '2026-11-27T00:00:00.000Z')];
  for (const sites of [
    [watched, removed],
    [removed, watched],
  ]) {
    const plan = planOf([{ monitor_url: 'https://a.example/' }], sites);
    expect(plan).toEqual({ steps: [], unchanged: 1, notes: [], problems: [] });
  }
});

it('leaves alone what its URL does not tell apart, and asks for the id', () => {
  const plan = planOf([{ monitor_url: 'https://a.example/' }], [siteOf(1, null), siteOf(2, null), siteOf(3, null)]);
  expect(plan.steps).toEqual([]);
  expect(plan.notes).toEqual([
    expect.stringContaining('site 1 and to site 2; left as it is, name the one meant by its'),
  ]);
});

it('creates sites with ids first, so that no id that is named is handed out before', () => {
  const urls = ['https://a.example/', 'https://b.example/'] as const;
  const plan = planOf([{ monitor_url: urls[0] }, { monitor_url: urls[1], blog_id: 1 }], []);
  expect(plan.steps.map(({ url }) => url)).toEqual([urls[1], urls[0]]);
});

it('takes several entries of one site together: nothing is besides that any of them names', () => {
  const [one, two] = ['https://a.example/', 'https://b.example/'];
  const plan = planOf(
    [{ monitor_url: one }, { monitor_url: two, monitor_active: false }],
    [siteOf(1, null, [one, two])],
  );
  expect(plan.notes).toEqual([]);
  expect(plan.steps).toMatchObject([{ action: 'update', endpointId: 11, changes: { monitor_active: false } }]);
});

it('does not begin what a site has no room for', () => {
  const urls = Array.from({ length: 499 }, (_, at) => `https://a.example/${at}`);
  const entry = { monitor_url: urls[0] ?? '', more_urls: ['https://a.example/x', 'https://a.example/y'] };
  const { problems } = planOf([entry], [siteOf(1, null, urls)]);
  expect(problems).toEqual([expect.stringMatching(/^site 1 .*has 499 URLs, and with 2 more they are more than 500/)]);
});
