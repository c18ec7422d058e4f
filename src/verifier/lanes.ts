/**
 * The two ways to one verifier. Looks at sites that hang take all of their time-out, and whoever is answered soon must not
 * wait for them: each kind has requests of its own, and how much of it the verifier takes is found for each by itself.
 */
import { createLane, DEFAULT_LANE, type Lane, type LaneDeps, type LaneSettings } from './lane.ts';
import type { RequestPace } from './pace.ts';

/** As one lane, which asks about what may hang apart from the rest. */
export interface Lanes {
  ask(...asked: Parameters<Lane['ask']>): ReturnType<Lane['ask']>;
  hasRoom(mayHang: boolean): boolean;
  stats(): ReturnType<Lane['stats']>;
  stop(): void;
}

/** Of the requests under way. */
const HANGING_SHARE = 1 / 3;

export function createLanes(
  deps: Omit<LaneDeps, 'settings'> & { settings?: Partial<LaneSettings> | undefined },
): Lanes {
  const settings = { ...DEFAULT_LANE, ...deps.settings };
  const forHanging = Math.ceil(settings.maxInFlight * HANGING_SHARE);
  const hanging = createLane({
    ...deps,
    settings: { ...settings, maxInFlight: forHanging, requestPace: overTheirTime(forHanging) },
  });
  const others = createLane({
    ...deps,
    settings: { ...settings, maxInFlight: Math.max(1, settings.maxInFlight - forHanging) },
  });
  const both = [hanging, others];
  const laneFor = (mayHang: boolean) => (mayHang ? hanging : others);
  return {
    ask: (question, how, answered) => laneFor(how.mayHang).ask(question, how, answered),
    hasRoom: (mayHang) => laneFor(mayHang).hasRoom(),
    stats() {
      const [one, other] = [hanging.stats(), others.stats()];
      return { waiting: one.waiting + other.waiting, inFlight: one.inFlight + other.inFlight };
    },
    stop() {
      for (const lane of both) lane.stop();
    },
  };
}

/**
 * Half of the requests at once, and the other half over the time that a look takes, so that there is always one to be had
 * before the first are over: a lane whose requests all hang keeps what comes next waiting until its time is up.
 */
function overTheirTime(requests: number): RequestPace {
  const half = requests / 2;
  return { atOnce: Math.max(1, Math.floor(half)), perSecond: (lookMs) => Math.min(20, (half * 1_000) / lookMs) };
}
