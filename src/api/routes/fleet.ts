/** The handler of the fleet in numbers. */
import type { ReplyOf } from '../../contracts/contract.ts';
import { getFleet } from '../../contracts/fleet.ts';
import type { ServiceDeps } from '../../services/deps.ts';
import { createFleetOverview, type FleetOverview } from '../../services/fleet-overview.ts';
import { instant } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function fleetRoutes(deps: Pick<ServiceDeps, 'database' | 'runtime' | 'clock'>): Route[] {
  const overview = createFleetOverview(deps);
  return [route(getFleet, async ({ scope }) => fleetReply(await overview(scope)))];
}

function fleetReply(fleet: FleetOverview): ReplyOf<typeof getFleet> {
  const { byState, bySeverity, openEvents } = fleet;
  const severities = [...bySeverity].sort(([one], [other]) => one - other);
  return {
    sites: {
      total: fleet.sites,
      active: fleet.sites - byState.Paused,
      paused: byState.Paused,
      removed: fleet.removed,
      by_state: byState,
      by_severity: Object.fromEntries(severities.map(([severity, sites]) => [String(severity), sites])),
    },
    endpoints: { total: fleet.endpoints, active: fleet.activeEndpoints },
    open_events: {
      total: [...openEvents.values()].reduce((sum, events) => sum + events, 0),
      by_check_type: Object.fromEntries(openEvents),
    },
    checks_per_second: Math.round(fleet.checksPerSecond * 1_000) / 1_000,
    counted_at: instant(fleet.countedAtMs),
  };
}
