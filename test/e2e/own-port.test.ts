/** The server never probes itself, however HTTP_BIND is spelt and however much of loopback is allowed. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { serverForTest, temporaryPlace } from '../kit/program.ts';

describe("the server's own port", () => {
  it.each(['127.0.0.1', 'localhost', '0.0.0.0', '0'])('is not probed when HTTP_BIND is %s', async (bind) => {
    const { folder } = temporaryPlace();
    const server = await serverForTest({ folder, env: { HTTP_BIND: bind, EGRESS_ALLOW: '127.0.0.0/8' } });
    const { port } = new URL(server.address);
    for (const host of ['127.0.0.1', 'localhost', '127.1', '0x7f000001']) {
      const { id } = await server.client.sites.create({
        monitor_url: `http://${host}:${port}/api/v1/health?as=${host}`,
        check_interval_seconds: 3_600,
      });
      const latest = await eventually(`a look at ${host}`, async () => {
        return (await server.client.sites.get(id)).endpoints[0]?.latest ?? null;
      });
      expect(latest).toMatchObject({ state: 'Unknown', http_code: null });
      expect(latest.summary).toContain('the monitor itself');
      await server.client.sites.remove(id);
    }
  });
});
