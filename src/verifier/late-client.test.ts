import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../test/kit/fake-clock.ts';
import { lateVerifierClient } from './late-client.ts';

const ENTRY = {
  name: 'one',
  region: 'here',
  host: '127.0.0.1',
  port: 9,
  authToken: 'a-token-of-this-test-alone',
  tls: null,
};

describe('the client of a verifier', () => {
  it('that was closed before its first question connects to nobody', async () => {
    const lookedUp: string[] = [];
    const client = lateVerifierClient(ENTRY, {
      clock: createFakeClock(),
      bindSource: null,
      lookup: async (name) => {
        lookedUp.push(name);
        return [];
      },
    });
    client.close();
    expect(await client.status(AbortSignal.timeout(5_000))).toEqual({ ok: false, version: null });
    expect(lookedUp).toEqual([]);
  });
});
