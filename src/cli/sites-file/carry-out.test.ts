import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { STATUS_SAMPLE } from '../../../test/api/status-sample.ts';
import { LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { createClient } from '../../client/client.ts';
import type { Terminal } from '../command.ts';
import { carryOut } from './carry-out.ts';
import { planFile } from './plan-file.ts';
import { readEntries } from './read-entries.ts';

async function applierOn(options: Parameters<typeof startApi>[0]) {
  const api = await startApi(options);
  const client = createClient({ baseUrl: api.address, token: LOCAL_KEY });
  const out = new Writable({ write: (_chunk, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;
  const terminal: Terminal = { out, err: out, stdin: process.stdin, env: {}, setExitCode() {} };
  const apply = async (intervals: readonly number[], ownMinSeconds: number) => {
    const rows = intervals.map((seconds, at) => ({
      monitor_url: `https://n${at}.example/`,
      check_interval_seconds: seconds,
    }));
    const wanted = { file: 'f', ownMinSeconds, prune: false, rewriteHeaders: false };
    const plan = await planFile(client, readEntries('f', rows), wanted);
    await carryOut(client, plan, {}, terminal);
    return plan;
  };
  const many = async () => (await api.ask('GET', '/api/v1/sites')).body.data.length;
  return { apply, many };
}

const POLICY = { policy: { minIntervalSeconds: 300 } };

it('stops at what the server refuses, says how far it came, and does the rest the next time', async () => {
  const { apply, many } = await applierOn(POLICY);
  // Checked against another minimum than that of the server.
  await expect(apply([300, 60, 300], 60)).rejects.toMatchObject({
    code: 'invalid_field',
    message: expect.stringMatching(/^https:\/\/n1\.example\/ \(after 1 of 3 steps, which stay done\): /),
  });
  expect(await many()).toBe(1);
  expect(await apply([300, 300, 300], 60)).toMatchObject({
    unchanged: 1,
    steps: [{ action: 'create' }, { action: 'create' }],
  });
  expect(await many()).toBe(3);
});

it('judges intervals by the word of the server, whatever holds where the command runs, before anything is changed', async () => {
  const status = async () => ({ ...STATUS_SAMPLE, limits: { min_check_interval_seconds: 300 } });
  const { apply, many } = await applierOn({ ...POLICY, status });
  await expect(apply([300, 60], 10)).rejects.toMatchObject({
    code: 'invalid_arguments',
    message: expect.stringMatching(/site 2 .*300 is the least that the server allows/),
  });
  expect(await many()).toBe(0);
  expect((await apply([300, 400], 1_000)).steps).toHaveLength(2);
});
