import { beforeEach, describe, expect, it } from 'vitest';
import { type ApiFixture, LOCAL_KEY, startApi } from '../../test/kit/api.ts';

const URL_MEMBER = '"monitor_url":"https://a.example/"';
const WORDS = '"custom_headers":{"X-A":"1"}';

let api: ApiFixture;

beforeEach(async () => {
  api = await startApi();
  return () => api.server.close();
});

async function refusal(text: string, method = 'POST', path = '/api/v1/sites') {
  const { status, body } = await api.ask(method, path, { text });
  return { status, ...body.error };
}

describe('a member by which programs are confused', () => {
  it.each([
    ['__proto__', `{"__proto__":{"monitor_active":false},${URL_MEMBER}}`, '$.__proto__'],
    ['constructor', `{${URL_MEMBER},"constructor":{"prototype":{}}}`, '$.constructor'],
    ['prototype', `{${URL_MEMBER},"prototype":1}`, '$.prototype'],
    ['one in disguise', `{"\\u005f_proto__":1,${URL_MEMBER}}`, '$.__proto__'],
    ['one further in', `{${URL_MEMBER},"custom_headers":{"__proto__":"x"}}`, '$.custom_headers.__proto__'],
  ])('is refused by its name: %s', async (_, text, place) => {
    for (const [method, path] of [
      ['POST', '/api/v1/sites'],
      ['PATCH', '/api/v1/sites/1'],
    ] as const) {
      const refused = await refusal(text, method, path);
      expect(refused).toMatchObject({ status: 400, code: 'invalid_body' });
      expect(refused.message).toContain('a member name that is not allowed');
      expect(refused.message).toContain(`(${place})`);
    }
    expect(({} as Record<string, unknown>)['monitor_active']).toBeUndefined();
  });

  it.each([
    ['twice', `{${URL_MEMBER},${URL_MEMBER}}`, '$.monitor_url'],
    ['twice, in disguise once', `{${URL_MEMBER},"\\u006donitor_url":"https://b.example/"}`, '$.monitor_url'],
    ['twice further in', `{${URL_MEMBER},"custom_headers":{"X-A":"1","X-A":"2"}}`, '$.custom_headers.X-A'],
    ['twice with the same value', `{${WORDS},${URL_MEMBER},${WORDS}}`, '$.custom_headers'],
  ])('is refused by its name when it is there %s', async (_, text, place) => {
    const refused = await refusal(text);
    expect(refused).toMatchObject({ status: 400, code: 'invalid_body' });
    expect(refused.message).toContain('the same member twice');
    expect(refused.message).toContain(`(${place})`);
  });

  it.each([
    ['POST', '/api/v1/sites', `{${URL_MEMBER},"intervall":60}`, 'intervall'],
    ['POST', '/api/v1/sites', `{${URL_MEMBER},"toString":1}`, 'toString'],
    ['POST', '/api/v1/sites', `{${URL_MEMBER},"":1}`, ''],
    ['PATCH', '/api/v1/sites/1', '{"blog_id":7}', 'blog_id'],
    ['PATCH', '/api/v1/sites/1', '{"current_state":"Up"}', 'current_state'],
  ])('is refused by its name when nobody knows it: %s %s %s', async (method, path, text, field) => {
    await api.addEndpoint();
    const refused = await refusal(text, method, path);
    expect(refused).toMatchObject({ status: 422, code: 'invalid_field', details: { field } });
    expect(refused.message).toContain(JSON.stringify(field));
  });
});

describe('depth', () => {
  /** Nested so deep in all, the object of the body among it. */
  const nested = (depth: number) =>
    `{${URL_MEMBER},"forbidden_keywords":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

  it('is read to sixteen, and what it means is asked then', async () => {
    expect(await refusal(nested(16))).toMatchObject({ status: 422, code: 'invalid_field' });
  });

  it('is refused beyond, however far', async () => {
    for (const depth of [17, 100_000]) {
      const refused = await refusal(nested(depth));
      expect(refused).toMatchObject({ status: 400, code: 'invalid_body' });
      expect(refused.message).toContain('nested too deeply');
    }
  });
});

describe('numbers', () => {
  it.each(['9007199254740991', '9007199254740992', '9007199254740993', '9223372036854775807'])(
    'keep every digit of an id, from body to reply to path: %s',
    async (id) => {
      const created = await api.ask('POST', '/api/v1/sites', { text: `{"blog_id":${id},${URL_MEMBER}}` });
      expect(created.text).toContain(`"id":${id},"blog_id":${id},`);
      const found = await api.ask('GET', `/api/v1/sites/${id}`);
      expect(found.text).toContain(`"id":${id},"blog_id":${id},`);
      const refused = await refusal(`{"blog_id":${id},${URL_MEMBER}}`);
      expect(refused.details.site_id).toBe((created.body as { id: unknown }).id);
    },
  );

  it.each([
    ['9007199254740993.0', 'invalid_blog_id'],
    ['9.007199254740993e15', 'invalid_blog_id'],
    ['1e18', 'invalid_blog_id'],
    ['1.5', 'invalid_blog_id'],
    ['"7"', 'invalid_blog_id'],
    ['9223372036854775808', 'invalid_body'],
    ['1e999', 'invalid_body'],
    ['007', 'invalid_body'],
    ['0x10', 'invalid_body'],
    ['NaN', 'invalid_body'],
  ])('are refused as an id where digits would be lost or guessed: %s', async (id, code) => {
    expect(await refusal(`{"blog_id":${id},${URL_MEMBER}}`)).toMatchObject({ status: 400, code });
    expect((await api.ask('GET', '/api/v1/sites')).body.data).toEqual([]);
  });
});

describe('size', () => {
  it('is 1 MiB at most, whether it is announced or not', async () => {
    const text = `{${URL_MEMBER}}${' '.repeat(1024 * 1024)}`;
    expect(await refusal(text)).toMatchObject({ status: 413, code: 'body_too_large' });
    const pieces = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
    const authorization = `Bearer ${LOCAL_KEY}`;
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { authorization },
      body: pieces,
      duplex: 'half',
    };
    const reply = await fetch(`${api.address}/api/v1/sites`, init);
    expect(reply.status).toBe(413);
    expect((await api.ask('GET', '/api/v1/sites')).body.data).toEqual([]);
  });
});

describe('an operation that takes no body and no query', () => {
  const WRITES = [
    ['POST', '/api/v1/sites/1/pause'],
    ['POST', '/api/v1/sites/1/resume'],
    ['POST', '/api/v1/sites/1/trigger-now'],
    ['POST', '/api/v1/sites/1/endpoints/1/pause'],
    ['POST', '/api/v1/sites/1/endpoints/1/resume'],
    ['POST', '/api/v1/sites/1/checks/1/pause'],
    ['POST', '/api/v1/sites/1/checks/1/resume'],
    ['DELETE', '/api/v1/sites/1/endpoints/1'],
    ['DELETE', '/api/v1/sites/1/checks/1'],
    ['DELETE', '/api/v1/sites/1/rollup-rules'],
    ['DELETE', '/api/v1/sites/1'],
    ['DELETE', '/api/v1/maintenance/1'],
  ] as const;

  it('refuses what it would not heed, and does nothing', async () => {
    await api.addEndpoint();
    for (const [method, path] of WRITES) await expectRefusals(method, path);
    expect((await api.ask('GET', '/api/v1/sites/1')).body).toMatchObject({ monitor_active: true, endpoint_count: 1 });
  });

  async function expectRefusals(method: string, path: string): Promise<void> {
    expect(await refusal('{"until":"tomorrow"}', method, path)).toMatchObject({
      status: 422,
      code: 'invalid_field',
      fix: 'leave it out',
      details: { field: 'until' },
    });
    for (const text of ['{"__proto__":{}}', '{"a":1', '[]', 'null', '"x"']) {
      expect(await refusal(text, method, path)).toMatchObject({ status: 400, code: 'invalid_body' });
    }
    expect(await refusal('{}', method, `${path}?dry_run=1`)).toMatchObject({
      status: 400,
      code: 'invalid_filter',
      details: { field: 'dry_run' },
    });
    const compressed = await api.ask(method, path, { text: '{}', headers: { 'content-encoding': 'gzip' } });
    expect([compressed.status, compressed.body.error.code]).toEqual([415, 'unsupported_encoding']);
  }

  it('takes an empty object like nothing at all', async () => {
    await api.addEndpoint();
    for (const text of ['{}', '', ' {} ']) {
      expect((await api.ask('POST', '/api/v1/sites/1/pause', { text })).status).toBe(200);
    }
    expect((await api.ask('DELETE', '/api/v1/sites/1', { text: '{}' })).status).toBe(204);
  });

  it('refuses a query member on a read that has none, but for whoever only asks whether we live', async () => {
    await api.addEndpoint();
    const { status, body } = await api.ask('GET', '/api/v1/sites/1?fields=id');
    expect([status, body.error.code, body.error.details]).toEqual([400, 'invalid_filter', { field: 'fields' }]);
    expect((await api.ask('GET', '/api/v1/health?at=12', { token: null })).status).toBe(200);
  });
});
