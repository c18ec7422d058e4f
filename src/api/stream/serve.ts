/** The route of the live stream: who asks, for what, and from where on. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { QueryOf } from '../../contracts/contract.ts';
import { stream as streamContract } from '../../contracts/utility.ts';
import type { SiteId } from '../../domain/ids.ts';
import type { SiteScope } from '../../domain/site-scope.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { siteNotFound } from '../../services/find-site.ts';
import type { Auth } from '../auth.ts';
import { scopeOf } from '../principal.ts';
import { guard, principalOf, queryOf } from '../serve-contract.ts';
import type { StreamHub } from './hub.ts';
import { narrowed, positionIn, wantedOf } from './wanted.ts';

export function serveStream(
  app: FastifyInstance,
  { hub, auth, endpoints }: { hub: StreamHub; auth: Auth } & Pick<ServiceDeps, 'endpoints'>,
): void {
  app.route({
    method: streamContract.method,
    url: streamContract.path,
    onRequest: guard(streamContract, auth),
    async handler(request, reply) {
      const query = queryOf(streamContract, request.query) as QueryOf<typeof streamContract>;
      const scope = narrowed(scopeOf(principalOf(request)), query.tenant_id);
      const wanted = wantedOf(query);
      const afterId = positionIn(headerOf(request, 'last-event-id'), query);
      if (wanted.siteIds !== null) await requireSites(endpoints, scope, [...wanted.siteIds]);
      if (request.method === 'HEAD') return reply.type('text/event-stream; charset=utf-8').send('');
      const credential = { id: credentialId(request), recheck: () => auth.recheck(request) };
      hub.follow(reply, credential, { scope, wanted, afterId });
      return reply;
    },
  });
}

/** Throws `site_not_found`: a follower of a site that is not there would wait for ever. */
async function requireSites(
  endpoints: ServiceDeps['endpoints'],
  scope: SiteScope,
  siteIds: readonly SiteId[],
): Promise<void> {
  const there = new Set((await endpoints.bySites(scope, siteIds)).map(({ siteId }) => siteId));
  const missing = siteIds.find((siteId) => !there.has(siteId));
  if (missing !== undefined) throw siteNotFound(missing);
}

function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function credentialId(request: FastifyRequest): string {
  const principal = principalOf(request);
  return principal?.kind === 'key'
    ? `key ${principal.key.keyId} ${principal.tenantId ?? ''}`
    : `local ${request.headers.cookie ?? ''}`;
}
