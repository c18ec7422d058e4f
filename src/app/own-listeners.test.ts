import { describe, expect, it } from 'vitest';
import { startApi } from '../../test/kit/api.ts';
import { createApiServer } from '../api/server.ts';
import { silentLog } from '../telemetry/log.ts';
import { createEgressGuard } from '../wire/egress-guard.ts';
import { ownListeners } from './own-listeners.ts';

/** A guard that lets probes go to all of loopback but to a server that listens at `bind`. */
async function guardBeside(bind: string) {
  const deps = await startApi();
  const policy = { defaultIntervalSeconds: 300, minIntervalSeconds: 60, projectStatus: true };
  const server = createApiServer({
    deps,
    policy,
    log: silentLog,
    localKey: null,
    page: null,
    onResult: () => () => {},
    proberStats: () => null,
  });
  const { address, bound } = await server.listen({ host: bind, port: 0 });
  await server.close();
  const allow = ['127.0.0.0/8', '::1'];
  const guard = createEgressGuard({ allow, allowPrivate: false, ownListeners: ownListeners(bind, bound) });
  return { guard, port: Number(new URL(address).port) };
}

describe('our own listeners', () => {
  it.each([
    ['127.0.0.1', ['127.0.0.1', '0.0.0.0', '::ffff:127.0.0.1']],
    ['127.1', ['127.0.0.1', '0.0.0.0']],
    ['localhost', ['127.0.0.1', '0.0.0.0']],
    ['0.0.0.0', ['127.0.0.1', '127.0.0.2', '0.0.0.0']],
    ['0', ['127.0.0.1', '127.0.0.2', '0.0.0.0']],
  ])('at %j are refused at every address that leads there', async (bind, addresses) => {
    const { guard, port } = await guardBeside(bind);
    for (const address of addresses) {
      expect(guard.checkAddresses('site.example', port, [address])).toMatchObject({ code: 'OWN_LISTENER' });
    }
    expect(guard.checkAddresses('site.example', port + 1, ['127.0.0.1'])).toBeNull();
  });

  it('are refused under their name, wherever it leads', async () => {
    const { guard, port } = await guardBeside('localhost');
    expect(guard.checkAddresses('localhost', port, ['192.0.2.1'])).toMatchObject({ code: 'OWN_LISTENER' });
  });

  it.each(['::', '::0', '0:0:0:0:0:0:0:0'])('at %j take in both families', (bind) => {
    const bound = [{ address: '::', port: 8080 }];
    const listeners = ownListeners(bind, bound);
    expect(listeners).toEqual(expect.arrayContaining(['[::]:8080', '127.0.0.1:8080']));
    const guard = createEgressGuard({ allow: ['127.0.0.0/8', '::1'], allowPrivate: false, ownListeners: listeners });
    for (const address of ['127.0.0.1', '127.0.0.2', '::1', '::']) {
      expect(guard.checkAddresses('site.example', 8080, [address])).toMatchObject({ code: 'OWN_LISTENER' });
    }
  });
});
