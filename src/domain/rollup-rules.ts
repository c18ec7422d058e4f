/**
 * The rules by which the state of a site is made of its parts, set per site and merged over defaults (spec/01 section
 * 3.1). Stored as JSON with the names of that section; what is stored may be wrong and is never a reason to fail.
 */
import { type EndpointId, MAX_ID } from './ids.ts';
import { INCIDENT_STATES, type IncidentState } from './state.ts';

export type Criticality = 'critical' | 'non_critical';
type Cap = `cap:${IncidentState}`;
/** How the incidents of one check count for the site: as they are, at most as a state, or not at all. */
export type CheckMode = 'pass' | 'ignore' | Cap;
export type ReverseMode = 'separate' | 'pass' | Cap;

export type RollupRules = {
  /** Endpoints the owner spoke of; for the others see `isCritical`. */
  endpoints: ReadonlyMap<EndpointId, Criticality>;
  /** The most an endpoint that is not critical contributes. */
  nonCriticalCap: IncidentState;
  /** How an endpoint combines its own checks: see `rollUp`. */
  endpointRule: 'worst' | 'majority';
  /** By check type, whether its events are filed under an endpoint or the site; `pass` for those not named. */
  siteChecks: ReadonlyMap<string, CheckMode>;
  reverse: ReverseMode;
  /** Unknown replaces Up alone; there is no other mode. */
  unknownMode: 'overlay';
};

export const DEFAULT_RULES: RollupRules = {
  endpoints: new Map(),
  nonCriticalCap: 'Warning',
  endpointRule: 'worst',
  siteChecks: new Map(),
  reverse: 'separate',
  unknownMode: 'overlay',
};

/**
 * The one place that says which endpoints are critical by default: the first of those that are watched (the lowest
 * id), so that a site that is watched always has one, also after its first endpoint was paused or removed.
 */
export function isCritical(endpointId: EndpointId, firstWatched: EndpointId | null, rules: RollupRules): boolean {
  const said = rules.endpoints.size === 0 ? undefined : rules.endpoints.get(endpointId);
  return said === undefined ? endpointId === firstWatched : said === 'critical';
}

/** A member that could not be used; its default holds. */
export type RuleProblem = { member: string; problem: string };

export type ParsedRules = {
  rules: RollupRules;
  /** At most 20. */
  problems: readonly RuleProblem[];
};

/** `json` is what is stored: text, the value it stands for, or null where nothing is. Never throws. */
export function parseRules(json: unknown): ParsedRules {
  if (json === null || json === undefined) return { rules: DEFAULT_RULES, problems: [] };
  const report = createReport();
  const stored = typeof json === 'string' ? parsed(json) : json;
  const members = report.members(stored, 'rules', [
    'endpoints',
    'non_critical_cap',
    'endpoint_rule',
    'site_checks',
    'reverse',
    'unknown_mode',
  ]);
  const of = DEFAULT_RULES;
  const rules: RollupRules = {
    endpoints: endpointsOf(members.get('endpoints'), report),
    nonCriticalCap: report.oneOf(INCIDENT_STATES, members, 'non_critical_cap') ?? of.nonCriticalCap,
    endpointRule: report.oneOf(ENDPOINT_RULES, members, 'endpoint_rule') ?? of.endpointRule,
    siteChecks: siteChecksOf(members.get('site_checks'), report),
    reverse: reverseOf(members.get('reverse'), report),
    unknownMode: report.oneOf(['overlay'], members, 'unknown_mode') ?? of.unknownMode,
  };
  return { rules, problems: report.problems };
}

const CAPS = INCIDENT_STATES.map((state) => `cap:${state}` as const);
export const CHECK_MODES: readonly CheckMode[] = ['pass', 'ignore', ...CAPS];
export const REVERSE_MODES: readonly ReverseMode[] = ['separate', 'pass', ...CAPS];
export const ENDPOINT_RULES = ['worst', 'majority'] as const;
export const CRITICALITIES = ['critical', 'non_critical'] as const satisfies readonly Criticality[];

function endpointsOf(value: unknown, report: Report): RollupRules['endpoints'] {
  const found = new Map<EndpointId, Criticality>();
  for (const [id, each] of report.members(value, 'endpoints', null)) {
    const member = `endpoints.${id}`;
    if (!/^[1-9][0-9]{0,18}$/.test(id) || BigInt(id) > MAX_ID) {
      report.add(member, 'is not the id of an endpoint');
      continue;
    }
    const criticality = report.oneOf(
      CRITICALITIES,
      report.members(each, member, ['criticality']),
      'criticality',
      member,
    );
    if (criticality !== undefined) found.set(BigInt(id) as EndpointId, criticality);
  }
  return found.size === 0 ? DEFAULT_RULES.endpoints : found;
}

function siteChecksOf(value: unknown, report: Report): RollupRules['siteChecks'] {
  const found = new Map<string, CheckMode>();
  for (const [checkType, each] of report.members(value, 'site_checks', null)) {
    const member = `site_checks.${checkType}`;
    const mode = report.oneOf(CHECK_MODES, report.members(each, member, ['mode']), 'mode', member);
    if (mode !== undefined) found.set(checkType, mode);
  }
  return found.size === 0 ? DEFAULT_RULES.siteChecks : found;
}

function reverseOf(value: unknown, report: Report): ReverseMode {
  const members = report.members(value, 'reverse', ['mode']);
  return report.oneOf(REVERSE_MODES, members, 'mode', 'reverse') ?? DEFAULT_RULES.reverse;
}

/** Text that is no JSON becomes undefined, which is then reported as not being an object. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

type Members = ReadonlyMap<string, unknown>;
type Report = ReturnType<typeof createReport>;

const MAX_PROBLEMS = 20;
/** A name that is stored may be of any length; this much of it is told. */
const MAX_MEMBER_LENGTH = 100;

function createReport() {
  const problems: RuleProblem[] = [];
  function add(member: string, problem: string): void {
    if (problems.length < MAX_PROBLEMS) problems.push({ member: member.slice(0, MAX_MEMBER_LENGTH), problem });
  }
  return {
    problems,
    add,
    /** The members of an object by name, without those that are not `known`; none where nothing is set. */
    members(value: unknown, path: string, known: readonly string[] | null): Members {
      if (value === undefined && path !== 'rules') return NONE;
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        add(path, 'is not an object');
        return NONE;
      }
      const found = new Map<string, unknown>();
      for (const [name, member] of Object.entries(value)) {
        if (known === null || known.includes(name)) found.set(name, member);
        else add(path === 'rules' ? name : `${path}.${name}`, 'is not known');
      }
      return found;
    },
    /** Undefined where the member is not set or none of `allowed`. */
    oneOf<Allowed extends string>(
      allowed: readonly Allowed[],
      members: Members,
      name: string,
      path?: string,
    ): Allowed | undefined {
      const value = members.get(name);
      const found = allowed.find((each) => each === value);
      if (value !== undefined && found === undefined) {
        add(path === undefined ? name : `${path}.${name}`, `is none of ${allowed.join(', ')}`);
      }
      return found;
    },
  };
}

const NONE: Members = new Map();
