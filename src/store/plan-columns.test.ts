import { sql } from 'kysely';
import { describe, expect, it } from 'vitest';
import { onSqliteOnly, temporaryStore } from '../../test/kit/store.ts';
import { NO_OVERRIDES, type ProbePlanOverrides } from '../domain/probe-plan.ts';
import { EVERY_SITE } from '../domain/site-scope.ts';
import { PLAN_COLUMNS } from './plan-columns.ts';

const EVERYTHING: ProbePlanOverrides = {
  method: 'HEAD',
  profile: 'simple_http',
  redirects: 'fail',
  expectedStatus: [
    [200, 299],
    [401, 401],
  ],
  keyword: `"Welcome" \u{1F600} ${'\u00e9'.repeat(480)}`,
  forbiddenKeyword: 'Fatal\terror',
  forbiddenKeywords: ['\u0000\u0001', "'; drop table x --", ...Array.from({ length: 18 }, () => '"'.repeat(500))],
  headers: [
    ['X-Token', 's3cret "quoted"'],
    ['User-Agent', 'mine'],
  ],
  http2: true,
};

describe('the plan of an endpoint', () => {
  it('is read back as it was written, by whatever way', async () => {
    const { endpoints, addEndpoint } = await temporaryStore();
    const wanted = { siteId: null, url: 'https://a.example/', active: true, bucketNo: 0, intervalSeconds: 60 };
    const created = await endpoints.create(EVERY_SITE, { ...wanted, plan: EVERYTHING });
    expect(created).toMatchObject({ kind: 'created', endpoint: { plan: EVERYTHING } });
    const plain = await addEndpoint();
    expect(plain.plan).toBe(NO_OVERRIDES);
    expect(await endpoints.update(EVERY_SITE, plain.endpointId, { plan: EVERYTHING })).toEqual({
      ...plain,
      plan: EVERYTHING,
    });
    expect((await endpoints.all(EVERY_SITE)).map(({ plan }) => plan)).toEqual([EVERYTHING, EVERYTHING]);
  });

  it('changes in the members that are named alone, and each can be taken back', async () => {
    const { endpoints, addEndpoint } = await temporaryStore();
    const { endpointId } = await addEndpoint();
    await endpoints.update(EVERY_SITE, endpointId, { plan: EVERYTHING });
    let expected = EVERYTHING;
    for (const member of Object.keys(NO_OVERRIDES) as (keyof ProbePlanOverrides)[]) {
      expected = { ...expected, [member]: NO_OVERRIDES[member] };
      const changed = await endpoints.update(EVERY_SITE, endpointId, { plan: { [member]: NO_OVERRIDES[member] } });
      expect(changed?.plan).toEqual(expected);
    }
    expect(expected).toEqual(NO_OVERRIDES);
    await endpoints.update(EVERY_SITE, endpointId, { plan: { keyword: 'Welcome' } });
    expect((await endpoints.update(EVERY_SITE, endpointId, { timeoutSeconds: 3 }))?.plan.keyword).toBe('Welcome');
  });
});

/** The plan of an endpoint in whose row another program wrote. */
async function planWith(column: (typeof PLAN_COLUMNS)[number], value: unknown): Promise<Partial<ProbePlanOverrides>> {
  const { db, endpoints, addEndpoint } = await temporaryStore();
  const { endpointId } = await addEndpoint();
  await sql`update jetmon_endpoint_check_config set ${sql.ref(column)} = ${value}`.execute(db.kysely);
  const plan = await endpoints.byId(EVERY_SITE, endpointId).then((endpoint) => endpoint?.plan ?? NO_OVERRIDES);
  const members = Object.keys(NO_OVERRIDES) as (keyof ProbePlanOverrides)[];
  const differs = members.filter((member) => JSON.stringify(plan[member]) !== JSON.stringify(NO_OVERRIDES[member]));
  return Object.fromEntries(differs.map((member) => [member, plan[member]]));
}

describe('a row of another program', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;

  it.each([
    ['request_method', 'POST'],
    ['request_method', 'get'],
    ['detection_profile', ''],
    ['redirect_policy', 'sometimes'],
    ['expected_status', '2xx'],
    ['expected_status', '200;drop'],
    ['check_keyword', ''],
    ['forbidden_keyword', ''],
    ['forbidden_keywords', 'no json'],
    ['forbidden_keywords', '{"a":"b"}'],
    ['forbidden_keywords', '["a", 3]'],
    ['forbidden_keywords', '[""]'],
    ['forbidden_keywords', 'null'],
    ['forbidden_keywords', deep],
    ['custom_headers', 'no json'],
    ['custom_headers', '["X-A: 1"]'],
    ['custom_headers', '"X-A: 1"'],
    ['custom_headers', '{"X-A":"1","X-B":2}'],
    ['custom_headers', '{"X-A":"1","X-A":"2"}'],
    ['custom_headers', JSON.stringify({ 'X-A': 'x'.repeat(5_000) })],
    ['custom_headers', JSON.stringify(Object.fromEntries(Array.from({ length: 21 }, (_, n) => [`X-${n}`, 'x'])))],
    ['custom_headers', deep],
    ['http2', 7],
  ] as const)('with %s that does not fit is as one without (case %#)', async (column, value) => {
    expect(await planWith(column, value)).toEqual({});
  });

  // Only SQLite keeps what does not fit the type of its column.
  onSqliteOnly.it.each([
    ['check_keyword', 'x'.repeat(501)],
    ['http2', 'yes'],
    ...PLAN_COLUMNS.map((column) => [column, Buffer.from('GET')] as const),
  ] as const)('with %s of a wrong type is as one without (case %#)', async (column, value) => {
    expect(await planWith(column, value)).toEqual({});
  });

  it('gives what of it may be sent and looked for', async () => {
    const headers = { Host: 'elsewhere.example', 'X-A': ' 1\t', 'X-B': 'b\r\nX-C: c', 'bad name': 'x' };
    expect(await planWith('custom_headers', JSON.stringify(headers))).toEqual({ headers: [['X-A', '1']] });
    const texts = ['', ...Array.from({ length: 30 }, (_, n) => `text ${n}`), 'x'.repeat(501)];
    const { forbiddenKeywords } = await planWith('forbidden_keywords', JSON.stringify(texts));
    expect(forbiddenKeywords).toEqual(Array.from({ length: 20 }, (_, n) => `text ${n}`));
  });
});
