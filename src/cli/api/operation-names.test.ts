import { describe, expect, it } from 'vitest';
import { CONTRACTS } from '../../contracts/all.ts';
import type { Contract } from '../../contracts/contract.ts';
import { idsOf, nameOperations } from './operation-names.ts';

const named = nameOperations(CONTRACTS);
const nameOf = new Map(
  named.flatMap(({ group, verb, variants }) =>
    variants.map(({ operationId }) => [operationId, group === null ? verb : `${group} ${verb}`]),
  ),
);

function contract(method: Contract['method'], path: Contract['path'], operationId = 'one'): Contract {
  return {
    operationId,
    method,
    path,
    summary: 'One',
    tag: 'Sites',
    scope: 'read',
    status: 200,
    errors: [],
  };
}

describe('operations on the command line', () => {
  it('all have a name', () => {
    expect([...nameOf.keys()].sort()).toEqual(CONTRACTS.map(({ operationId }) => operationId).sort());
  });

  it.each([
    ['getHealth', 'health'],
    ['getMe', 'me'],
    ['getStatus', 'status'],
    ['getFleet', 'fleet'],
    ['getOpenApi', 'openapi'],
    ['stream', 'stream'],
    ['listVerifiers', 'verifiers list'],
    ['listSites', 'sites list'],
    ['getSite', 'sites get'],
    ['createSite', 'sites create'],
    ['updateSite', 'sites update'],
    ['deleteSite', 'sites delete'],
    ['pauseSite', 'sites pause'],
    ['triggerSiteCheck', 'sites trigger-now'],
    ['bulkCreateSites', 'sites bulk-create'],
    ['getSiteUptime', 'sites uptime'],
    ['listSiteAudit', 'sites audit'],
    ['getRollupRules', 'sites rollup-rules'],
    ['setRollupRules', 'sites set-rollup-rules'],
    ['deleteRollupRules', 'sites delete-rollup-rules'],
    ['listEndpoints', 'endpoints list'],
    ['getEndpointUptime', 'endpoints uptime'],
    ['listEvents', 'events list'],
    ['listSiteEvents', 'events list'],
    ['listEndpointEvents', 'events list'],
    ['getEvent', 'events get'],
    ['getSiteEvent', 'events get'],
    ['listEventTransitions', 'events transitions'],
    ['closeEvent', 'events close'],
    ['listChecks', 'checks list'],
    ['createCheck', 'checks create'],
    ['planMaintenance', 'maintenance create'],
    ['planSiteMaintenance', 'maintenance create'],
    ['startMaintenance', 'maintenance start'],
  ])('%s is `%s`', (operationId, name) => {
    expect(nameOf.get(operationId)).toBe(name);
  });

  it('that share a name differ in how many ids they take', () => {
    for (const { variants } of named) {
      const counts = variants.map((one) => idsOf(one).length);
      expect(new Set(counts).size, variants.map(({ operationId }) => operationId).join(', ')).toBe(counts.length);
    }
  });

  it('have no name that is both a group and a command of its own', () => {
    const groups = new Set(named.map(({ group }) => group));
    const top = named.filter(({ group }) => group === null).map(({ verb }) => verb);
    expect(top.filter((verb) => groups.has(verb) || ['commands', 'request', 'help'].includes(verb))).toEqual([]);
  });

  it('follow from the path of a resource that comes later', () => {
    const later = nameOperations([
      contract('GET', '/api/v1/webhooks'),
      contract('POST', '/api/v1/webhooks'),
      contract('PATCH', '/api/v1/webhooks/:webhook_id'),
      contract('POST', '/api/v1/webhooks/:webhook_id/rotate-secret'),
      contract('POST', '/api/v1/webhooks/:webhook_id/deliveries/:delivery_id/retry'),
      contract('GET', '/api/v1/reports'),
      contract('GET', '/api/v1/reports/weekly'),
    ]);
    expect(later.map(({ group, verb }) => `${group} ${verb}`)).toEqual([
      'deliveries retry',
      'reports get',
      'reports weekly',
      'webhooks create',
      'webhooks list',
      'webhooks rotate-secret',
      'webhooks update',
    ]);
  });
});
