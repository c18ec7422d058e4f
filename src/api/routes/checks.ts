/** Handlers of checks: those there are, those that run, and what was said of them. */
import type { Check } from '../../checks/check.ts';
import {
  type CheckKind,
  createCheck,
  deleteCheck,
  type EffectiveCheck,
  getCheck,
  listChecks,
  listEndpointChecks,
  listSiteChecks,
  pauseCheck,
  type CheckSetting as Reply,
  resumeCheck,
  updateCheck,
} from '../../contracts/checks.ts';
import type { CheckSetting } from '../../domain/check-settings.ts';
import type { CheckId, EndpointId, SiteId } from '../../domain/ids.ts';
import { createCheck as create, removeCheck as remove, updateCheck as update } from '../../services/change-check.ts';
import type { ServiceDeps, SitePolicy } from '../../services/deps.ts';
import {
  type CheckPath,
  type CheckView,
  canBeDisabled,
  endpointChecks,
  findCheck,
  listChecks as list,
  siteChecks,
} from '../../services/list-checks.ts';
import { cursorTo, idAtCursor } from '../paging.ts';
import { instant } from '../replies.ts';
import { type Route, route } from '../serve-contract.ts';

export function checkRoutes(deps: ServiceDeps, policy: SitePolicy): Route[] {
  return [
    route(listChecks, async ({ query }) => pageIn(list().map(kindReply), query)),
    route(listSiteChecks, async ({ scope, ids, query }) => {
      const views = await siteChecks(deps, scope, ids.site_id as SiteId);
      return pageIn(views.map(effectiveReply), query);
    }),
    route(listEndpointChecks, async ({ scope, ids, query }) => {
      const path = { siteId: ids.site_id as SiteId, endpointId: ids.endpoint_id as EndpointId };
      return pageIn((await endpointChecks(deps, scope, path)).map(effectiveReply), query);
    }),
    route(createCheck, async ({ scope, ids, body }) => {
      const { check_type: checkType, endpoint_id: id, enabled } = body;
      const endpointId = id === undefined || id === null ? null : (BigInt(id) as EndpointId);
      const wanted = { siteId: ids.site_id as SiteId, endpointId, checkType, enabled };
      return settingReply(await create(deps, policy, scope, wanted));
    }),
    route(getCheck, async ({ scope, ids }) => settingReply(await findCheck(deps, scope, pathOf(ids)))),
    route(updateCheck, async ({ scope, ids, body: { enabled } }) => {
      const path = pathOf(ids);
      const setting =
        enabled === undefined
          ? await findCheck(deps, scope, path)
          : await update(deps, policy, scope, path, { enabled });
      return settingReply(setting);
    }),
    route(deleteCheck, async ({ scope, ids }) => {
      await remove(deps, policy, scope, pathOf(ids));
      return undefined;
    }),
    route(pauseCheck, async ({ scope, ids }) =>
      settingReply(await update(deps, policy, scope, pathOf(ids), { enabled: false })),
    ),
    route(resumeCheck, async ({ scope, ids }) =>
      settingReply(await update(deps, policy, scope, pathOf(ids), { enabled: true })),
    ),
  ];
}

function pathOf(ids: { site_id: bigint; check_id: bigint }): CheckPath {
  return { siteId: ids.site_id as SiteId, checkId: ids.check_id as CheckId };
}

/** A page of a list that is short and at hand: its cursor counts. */
function pageIn<T>(all: T[], { cursor, limit }: { cursor?: string | undefined; limit: number }) {
  const from = Number(idAtCursor(cursor) ?? 0n);
  const to = from + limit;
  return { data: all.slice(from, to), page: { next: to < all.length ? cursorTo(BigInt(to)) : null, limit } };
}

function kindReply(check: Check): CheckKind {
  const findings = Object.entries(check.findings);
  return {
    check_type: check.type,
    title: check.title,
    layer: check.layer,
    target: 'endpoint',
    can_be_disabled: canBeDisabled(check),
    states: [...new Set(findings.map(([, { state }]) => state))],
    findings: findings.map(([reason, { state, sentence, advice, taxonomy }]) => ({
      reason,
      state,
      sentence,
      advice,
      taxonomy: [...taxonomy],
    })),
  };
}

function effectiveReply({ check, enabled, source, setting, endpointIds }: CheckView): EffectiveCheck {
  return {
    check_type: check.type,
    title: check.title,
    can_be_disabled: canBeDisabled(check),
    enabled,
    source,
    check_id: setting?.checkId ?? null,
    settings: {},
    endpoint_ids: [...endpointIds],
  };
}

function settingReply(setting: CheckSetting): Reply {
  return {
    id: setting.checkId,
    site_id: setting.siteId,
    endpoint_id: setting.endpointId,
    check_type: setting.checkType,
    enabled: setting.enabled,
    settings: {},
    created_at: instant(setting.createdAtMs),
    updated_at: instant(setting.updatedAtMs),
  };
}
