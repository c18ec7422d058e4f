import fastify from 'fastify';
import { describe, expect, it } from 'vitest';
import { getHealth, getMe } from '../contracts/utility.ts';
import { holdToContracts } from './documented.ts';

const answer = async () => 'x';

describe('a server that is held to its contracts', () => {
  it('serves what they tell of, and what is not part of the API', () => {
    const app = fastify();
    const { requireAll } = holdToContracts(app, [getHealth]);
    app.get(getHealth.path, answer);
    app.get('/elsewhere', answer);
    expect(requireAll).not.toThrow();
  });

  it('cannot serve a route that none of them tells of', () => {
    const app = fastify();
    holdToContracts(app, [getHealth]);
    expect(() => app.get('/api/v1/secret', answer)).toThrow('GET /api/v1/secret is in no list of contracts');
    expect(() => app.post(getHealth.path, answer)).toThrow('POST /api/v1/health');
  });

  it('cannot leave out what one of them tells of', () => {
    const app = fastify();
    const { requireAll } = holdToContracts(app, [getHealth, getMe]);
    app.get(getHealth.path, answer);
    expect(requireAll).toThrow('nothing serves GET /api/v1/me');
  });
});
