/** What the gate says to people. */
import type { GateReason } from '../../domain/gate.ts';

export const SUMMARY: Readonly<Record<Exclude<GateReason, 'clock_jumped'>, string>> = {
  network_unproven: 'nothing else that should answer could be reached either, so the trouble may be our own network',
  mass_failure: 'so many sites in so many networks began to fail at once that the trouble may be ours',
};

export function clockJumped(byMs: number): string {
  const seconds = (Math.abs(byMs) / 1000).toFixed(1);
  return `the clock of this machine went ${byMs > 0 ? 'forward' : 'back'} by ${seconds} s during the look, which so proves nothing`;
}

/** For whoever runs the monitor. */
export const ADVICE: Readonly<Record<GateReason, string>> = {
  network_unproven:
    'Check the network of the machine that runs the monitor. If it works, name sites that are always up in REFERENCE_TARGETS.',
  mass_failure:
    'Check the network, the resolver and any proxy of the machine that runs the monitor. If all is well there, a big provider may be down.',
  clock_jumped: 'Let a time service keep the clock of this machine, and keep the machine from being suspended.',
};

export const REFERENCES_FAILING = {
  summary:
    'no two reference targets of different networks passed for minutes, so the sites that are watched stand in for them',
  advice: 'Look at the targets that REFERENCE_TARGETS names, and name others where they are gone.',
};
