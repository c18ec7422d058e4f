/** How many looks were carried out in which way: by method and profile, an addition for each look that is handed over. */
import {
  DETECTION_PROFILES,
  type DetectionProfile,
  type ProbePlan,
  profileOf,
  REQUEST_METHODS,
  type RequestMethod,
} from '../../domain/probe-plan.ts';

type Way = Pick<ProbePlan, 'method' | 'profile'>;

export interface Cohorts {
  /** Null: as the process probes. */
  saw(way: Way | null): void;
  /** Since the start, by how they were carried out. */
  looks(method: RequestMethod, profile: DetectionProfile): number;
}

export function createCohorts(ofProcess: Way): Cohorts {
  const counts = new Float64Array(REQUEST_METHODS.length * DETECTION_PROFILES.length);
  const usual = placeOf(ofProcess.method, profileOf(ofProcess));
  return {
    saw(way) {
      const place = way === null ? usual : placeOf(way.method, profileOf(way));
      counts[place] = (counts[place] ?? 0) + 1;
    },
    looks: (method, profile) => counts[placeOf(method, profile)] ?? 0,
  };
}

function placeOf(method: RequestMethod, profile: DetectionProfile): number {
  return REQUEST_METHODS.indexOf(method) * DETECTION_PROFILES.length + DETECTION_PROFILES.indexOf(profile);
}
