/** What the server that is spoken to allows, in its own words. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import { listChecks } from '../../contracts/checks.ts';
import type { Entry } from './entry.ts';
import type { ServerLimits } from './step.ts';

/**
 * `ownMinSeconds` is the least interval that this process allows, which counts where no server runs and it serves itself. A
 * server that does not say its own is left to refuse.
 */
export async function minIntervalOf(client: Client, ownMinSeconds: number): Promise<number | null> {
  try {
    const { limits } = (await client.status()) as { limits?: { min_check_interval_seconds: number } };
    return limits?.min_check_interval_seconds ?? null;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'server_not_running') return ownMinSeconds;
    throw error;
  }
}

/** Checks are asked for only where the file speaks of them. */
export async function limitsOf(
  client: Client,
  entries: readonly Entry[],
  ownMinSeconds: number,
): Promise<ServerLimits> {
  const minIntervalSeconds = await minIntervalOf(client, ownMinSeconds);
  const speaksOfChecks = entries.some(
    ({ checks, rollup_rules, endpoints = [] }) =>
      checks !== undefined || rollup_rules !== undefined || endpoints.some((one) => one.checks !== undefined),
  );
  if (!speaksOfChecks) return { minIntervalSeconds, checks: null };
  const checks = new Map<string, boolean>();
  for await (const check of client.list(listChecks, {})) checks.set(check.check_type, check.can_be_disabled);
  return { minIntervalSeconds, checks };
}
