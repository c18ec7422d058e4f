import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { verdictOf } from './check.ts';
import { CHECKS } from './registry.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

describe('the registry', () => {
  it('gives each check a type of its own that fits the event log', () => {
    const types = CHECKS.map((check) => check.type);
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) expect(type).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
  });

  it('lists every check file of the layer folders, and the test beside each must reach all its findings', () => {
    const files = globSync('{reachability,transport,edge,application,content,reverse}/*.ts', { cwd: here });
    const checks = files.filter((file) => !file.endsWith('.test.ts') && !/\.(findings|settings)\.ts$/.test(file));
    expect(checks).toHaveLength(CHECKS.length);
    for (const file of checks) {
      const test = `${here}/${file.replace(/\.ts$/, '.test.ts')}`;
      expect(existsSync(test) ? readFileSync(test, 'utf8') : '', file).toMatch(/^const \w+ = reachesEveryFinding\(/m);
    }
  });

  it('claims no item of the taxonomy twice', () => {
    const items = CHECKS.flatMap((check) => [
      ...new Set(Object.values(check.findings).flatMap((finding) => finding.taxonomy)),
    ]);
    expect(new Set(items).size).toBe(items.length);
  });

  it('has an Up finding called ok in every check, and advice for everything else', () => {
    for (const check of CHECKS) {
      for (const [reason, finding] of Object.entries(check.findings)) {
        expect(reason).toMatch(/^[a-z][a-z0-9_]*$/);
        expect(finding.state === 'Up').toBe(reason === 'ok');
        expect(finding.advice === '', `${check.type} ${reason}`).toBe(reason === 'ok');
        expect(finding.sentence).not.toMatch(/\.$/);
        if (finding.followUp !== undefined) expect(finding.state).toBe('Unknown');
        expect(finding.shape !== undefined, `${check.type} ${reason}`).toBe(finding.state === 'Seems Down');
      }
    }
  });
});

describe('a verdict', () => {
  it('fills the sentence of its finding with the facts', () => {
    const [http] = CHECKS;
    if (http === undefined) throw new Error('no check');
    const verdict = verdictOf(http, { reason: 'http_server_error', details: { code: 503 } });
    expect(verdict).toMatchObject({ check: 'http', state: 'Seems Down', summary: 'the server answered 503' });
  });

  it('cannot carry a reason that its check does not list', () => {
    for (const check of CHECKS) expect(() => verdictOf(check, { reason: 'made_up', details: {} })).toThrow(/made_up/);
  });
});
