/** By which numbers is decided, as the configuration says. */
import { DEFAULT_POLICY, type ServerPolicy } from '../domain/decision-policy.ts';
import type { Config } from './config.ts';

export function decisionPolicy(config: Config, hasVerifiers: boolean): ServerPolicy {
  return {
    ...DEFAULT_POLICY,
    attemptsToConfirm: config.NUM_OF_CHECKS,
    retryOffsetsMs: config.RETRY_OFFSETS_SEC.map((seconds) => seconds * 1_000),
    recoveryProbeMs: config.RECOVERY_PROBE_SEC * 1_000,
    verifiers: hasVerifiers ? 'configured' : 'none',
    unverified: { afterMs: config.UNVERIFIED_AFTER_SEC * 1_000, policy: config.UNVERIFIED_POLICY },
  };
}
