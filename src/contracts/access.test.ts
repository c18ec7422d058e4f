/** Which words let a key of granular scopes in, written by hand: what is derived from tags is not taken on trust. */
import { describe, expect, it } from 'vitest';
import { accessOf } from './access.ts';
import { CONTRACTS } from './all.ts';

/** By path below /api/v1, without the verb: reading wants `<word>:read`, everything else `<word>:write`. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  '/bulk/sites/create': ['sites'],
  '/bulk/sites/pause': ['sites'],
  '/bulk/sites/resume': ['sites'],
  '/bulk/sites/update': ['sites'],
  '/checks': ['sites'],
  '/events': ['events'],
  '/events/:event_id': ['events'],
  '/events/active': ['events'],
  '/fleet': ['fleet'],
  '/maintenance': ['sites'],
  '/maintenance/:window_id': ['sites'],
  '/prober': ['server'],
  '/sites': ['sites'],
  '/sites/:site_id': ['sites'],
  '/sites/:site_id/audit': ['sites'],
  '/sites/:site_id/checks': ['sites'],
  '/sites/:site_id/checks/:check_id': ['sites'],
  '/sites/:site_id/checks/:check_id/pause': ['sites'],
  '/sites/:site_id/checks/:check_id/resume': ['sites'],
  '/sites/:site_id/checks/:check_id/trigger-now': ['sites'],
  '/sites/:site_id/endpoints': ['sites'],
  '/sites/:site_id/endpoints/:endpoint_id': ['sites'],
  '/sites/:site_id/endpoints/:endpoint_id/checks': ['sites'],
  '/sites/:site_id/endpoints/:endpoint_id/events': ['events'],
  '/sites/:site_id/endpoints/:endpoint_id/pause': ['sites'],
  '/sites/:site_id/endpoints/:endpoint_id/resume': ['sites'],
  '/sites/:site_id/endpoints/:endpoint_id/trigger-now': ['sites'],
  '/sites/:site_id/endpoints/:endpoint_id/uptime': ['stats'],
  '/sites/:site_id/events': ['events'],
  '/sites/:site_id/events/:event_id': ['events'],
  '/sites/:site_id/events/:event_id/close': ['events'],
  '/sites/:site_id/events/:event_id/transitions': ['events'],
  '/sites/:site_id/history': ['stats'],
  '/sites/:site_id/incidents': ['stats'],
  '/sites/:site_id/maintenance': ['sites'],
  '/sites/:site_id/maintenance/start': ['sites'],
  '/sites/:site_id/maintenance/stop': ['sites'],
  '/sites/:site_id/pause': ['sites'],
  '/sites/:site_id/response-time': ['stats'],
  '/sites/:site_id/response-times': ['stats'],
  '/sites/:site_id/resume': ['sites'],
  '/sites/:site_id/rollup-rules': ['sites'],
  '/sites/:site_id/timing-breakdown': ['stats'],
  '/sites/:site_id/trigger-now': ['sites'],
  '/sites/:site_id/uptime': ['stats'],
  '/status': ['server'],
  '/stream': ['sites', 'events'],
  '/verifiers': ['fleet'],
};

/** Open to everyone, or to whoever has a valid key. */
const WITHOUT_WORDS = ['/health', '/me', '/openapi.json'];

describe('a key of granular scopes', () => {
  it('needs the word of what a path shows or changes', () => {
    const needed = CONTRACTS.flatMap((contract): [string, readonly string[]][] => {
      const path = contract.path.slice('/api/v1'.length);
      const granular = accessOf(contract)?.granular ?? [];
      if (WITHOUT_WORDS.includes(path)) {
        expect(granular, path).toEqual([]);
        return [];
      }
      const verb = contract.method === 'GET' ? 'read' : 'write';
      expect(granular, `${contract.method} ${path}`).toEqual((WORDS[path] ?? []).map((word) => `${word}:${verb}`));
      return [[path, granular]];
    });
    expect(new Set(needed.map(([path]) => path))).toEqual(new Set(Object.keys(WORDS)));
  });
});
