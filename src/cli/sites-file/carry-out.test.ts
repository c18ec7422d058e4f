import { Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { LOCAL_KEY, startApi } from '../../../test/kit/api.ts';
import { createClient } from '../../client/client.ts';
import type { Terminal } from '../command.ts';
import { allSites, carryOut } from './carry-out.ts';
import { readEntries } from './entry.ts';
import { planSites } from './plan.ts';

it('stops at what the server refuses, says how far it came, and does the rest the next time', async () => {
  const api = await startApi({ policy: { minIntervalSeconds: 300 } });
  const client = createClient({ baseUrl: api.address, token: LOCAL_KEY });
  const out = new Writable({ write: (_chunk, _encoding, done) => done() }) as unknown as NodeJS.WriteStream;
  const terminal: Terminal = { out, err: out, stdin: process.stdin, env: {}, setExitCode() {} };
  const apply = async (intervals: readonly number[]) => {
    const rows = intervals.map((seconds, at) => ({
      monitor_url: `https://n${at}.example/`,
      check_interval_seconds: seconds,
    }));
    // The file was checked against another minimum than that of the server.
    const plan = planSites(readEntries('f', rows, 60), await allSites(client), { prune: false, rewriteHeaders: false });
    await carryOut(client, plan, {}, terminal);
    return plan;
  };
  await expect(apply([300, 60, 300])).rejects.toMatchObject({
    code: 'invalid_field',
    message: expect.stringMatching(/^https:\/\/n1\.example\/ \(after 1 of 3 steps, which stay done\): /),
  });
  expect(await allSites(client)).toHaveLength(1);
  expect(await apply([300, 300, 300])).toMatchObject({
    unchanged: 1,
    steps: [{ action: 'create' }, { action: 'create' }],
  });
  expect(await allSites(client)).toHaveLength(3);
});
