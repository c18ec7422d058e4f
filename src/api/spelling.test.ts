/** Numbers in queries and paths are written one way; headers that mean one thing are sent once. */
import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type ApiFixture, LOCAL_KEY, startApi } from '../../test/kit/api.ts';

const NONE = ['1e2', '0x10', '%205', '5%20', '5.0', '+5', '05', '5_0', '٥', '', '%00', 'Infinity', '1n'];

describe('a number in a query', () => {
  it.each([
    ['/api/v1/sites?limit=', 'invalid_limit'],
    ['/api/v1/events?limit=', 'invalid_limit'],
    ['/api/v1/sites?severity__gte=', 'invalid_severity'],
  ])('is refused in any other spelling: %s', async (path, code) => {
    const api = await startApi();
    for (const spelt of NONE) {
      const { status, body } = await api.ask('GET', `${path}${spelt}`);
      expect([spelt, status, body.error?.code]).toEqual([spelt, 400, code]);
      expect(body.error.message).toMatch(/is not a whole number/);
    }
    expect((await api.ask('GET', `${path}5`)).status).toBe(200);
  });

  it('is refused outside of its bounds as before, and when it comes twice', async () => {
    const api = await startApi();
    for (const limit of ['0', '-1', '99999999999999999999', '1&limit=2']) {
      expect((await api.ask('GET', `/api/v1/sites?limit=${limit}`)).body.error.code).toBe('invalid_limit');
    }
    expect((await api.ask('GET', '/api/v1/sites?limit=1000')).body.page.limit).toBe(200);
    expect((await api.ask('GET', '/api/v1/sites')).body.page.limit).toBe(50);
  });

  it('is the same in a list of ids', async () => {
    const api = await startApi();
    await api.addEndpoint();
    await api.addEndpoint();
    for (const ids of ['1,%202', '1,', '01', '1e0', '']) {
      const { status, body } = await api.ask('HEAD', `/api/v1/stream?site_id=${ids}`);
      expect([ids, status, body]).toEqual([ids, 400, undefined]);
    }
    expect((await api.ask('HEAD', '/api/v1/stream?site_id=1,2')).status).toBe(200);
  });
});

describe('an id in a path', () => {
  it.each(['1e0', '0x1', '%201', '1%20', '1.0', '+1', '01'])('is refused as %j', async (spelt) => {
    const api = await startApi();
    await api.addEndpoint();
    const { status, body } = await api.ask('GET', `/api/v1/sites/${spelt}`);
    expect([status, body.error.code]).toEqual([400, 'invalid_site_id']);
  });
});

describe('an Idempotency-Key', () => {
  it('that is sent twice is refused, alike or not; a comma within one is part of it', async () => {
    const api = await startApi();
    for (const keys of [
      ['a', 'b'],
      ['a', 'a'],
    ]) {
      const refused = await post(api, keys);
      expect([refused.status, refused.body.error.code]).toEqual([400, 'invalid_idempotency_key']);
      expect(refused.body.error.message).toMatch(/more than once/);
    }
    expect((await post(api, ['a, b'])).status).toBe(201);
    expect((await post(api, ['a, b'])).replayed).toBe('true');
  });
});

/** Each key in a header line of its own. */
async function post({ address }: ApiFixture, keys: string[]) {
  const sent = request(`${address}/api/v1/sites`, {
    method: 'POST',
    headers: { authorization: `Bearer ${LOCAL_KEY}`, 'Idempotency-Key': keys },
  });
  sent.end('{"monitor_url":"https://a.example/"}');
  const [reply] = await once(sent, 'response');
  const body = JSON.parse(await text(reply));
  return { status: reply.statusCode, body, replayed: reply.headers['idempotency-replayed'] };
}
