/** `jetmon2 api` as a person or a script runs it. */
import { describe, expect, it } from 'vitest';
import { run, serverForTest, temporaryPlace } from '../kit/program.ts';

describe('jetmon2 api', () => {
  it('asks the server of its data folder at once, and ends with 0, 1 or 2', async () => {
    const server = await serverForTest(temporaryPlace());
    const api = (...words: string[]) => run(['api', ...words], { folder: server.folder });
    expect(await api('sites', 'list')).toMatchObject({ code: 0, out: 'There are none.\n', err: '' });
    const created = await api('sites', 'create', '--url', 'http://127.0.0.1:9/', '--json');
    expect(created).toMatchObject({ code: 0, err: '' });
    expect(await server.client.sites.get(1)).toMatchObject({ id: JSON.parse(created.out).id });
    expect(await api('sites', 'get', '9')).toMatchObject({ code: 1, out: '' });
    const wrong = await api('sites', 'list', '--limit', 'x', '--output', 'json');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(JSON.parse(wrong.err)).toMatchObject({ error: { code: 'invalid_arguments' } });
    const misspelt = await api('sites', 'list', '--limt', '3');
    expect(misspelt).toMatchObject({ code: 2, err: expect.stringContaining('did you mean --limit') });
    expect(await api('sites', 'list', '--help')).toMatchObject({ code: 0, err: '' });
  });

  it('asks the server that is named, wherever it runs', async () => {
    const server = await serverForTest(temporaryPlace());
    const env = { JETMON_API_URL: server.address, JETMON_API_TOKEN: server.token };
    const me = await run(['api', 'me', '--json'], { folder: temporaryPlace().folder, env });
    expect(JSON.parse(me.out)).toMatchObject({ consumer_name: 'local' });
  });

  it('completes itself', async () => {
    const { code, out, err } = await run(['completion', 'bash'], temporaryPlace());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('complete -o default -F _jetmon2 jetmon2');
  });
});
