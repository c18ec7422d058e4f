/** The steps of a plan, and what plans are made from. */
import type { CreateEndpoint } from '../../contracts/endpoints.ts';
import type { SetRollupRules } from '../../contracts/rollup-rules.ts';
import type { CreateSite, UpdateSite } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';
import type { Entry, FileRules, Wanted } from './entry.ts';
import type { EndpointNow, Watched, WatchedDetails } from './watched.ts';

/** `siteId` null: of the site that the newest step before creates. */
export type Step =
  | { action: 'create'; url: string; body: CreateSite }
  /** One more URL of a site. */
  | { action: 'add_url'; url: string; siteId: Id | null; body: CreateEndpoint }
  /** Of one endpoint, or of all that the site has. `was` holds what the members of `changes` are now. */
  | { action: 'update'; url: string; siteId: Id; endpointId: Id | null; changes: UpdateSite; was: Partial<EndpointNow> }
  /** What was removed is watched again, as the file says and with nothing of what it had. */
  | {
      action: 'revive';
      url: string;
      siteId: Id;
      endpointId: Id | null;
      changes: UpdateSite;
      pausesAfterwards: boolean;
    }
  /** On the site, or on the endpoint with the URL `of`. `enabled` null: back to the default; `checkId` is what was said. */
  | {
      action: 'set_check';
      url: string;
      siteId: Id | null;
      of: string | null;
      checkType: string;
      checkId: Id | null;
      enabled: boolean | null;
      was: boolean | null;
    }
  /** Null: back to the defaults. `keep` is said of endpoints that no file names. */
  | { action: 'set_rules'; url: string; siteId: Id | null; rules: FileRules | null; keep: KeptRules }
  | { action: 'remove'; url: string; siteId: Id };

export type KeptRules = NonNullable<SetRollupRules['endpoints']>;

export type Plan = {
  steps: Step[];
  /** Sites of the file that are as it says. */
  unchanged: number;
  /** What cannot be done, or was not asked for, in plain sentences. */
  notes: string[];
  /** What the server would refuse, in plain sentences: nothing of the plan is to be done then. */
  problems: string[];
};

/** What the server allows; null: it does not say. */
export type ServerLimits = {
  minIntervalSeconds: number | null;
  /** Types of checks, and whether each can be switched off. */
  checks: ReadonlyMap<string, boolean> | null;
};

export type PlanOptions = {
  /** Remove what the file does not name. */
  prune: boolean;
  /** Send header fields that the file has values for, although an endpoint has fields of the same names. */
  rewriteHeaders: boolean;
  limits: ServerLimits;
};

/** What is planned of one site. */
export type Part = {
  entry: Entry;
  wanted: readonly Wanted[];
  /** Null: it is to be created. */
  watched: Watched | null;
  /** Absent where nothing is said that would need them. */
  details: WatchedDetails | undefined;
  /** Null: handed out. */
  siteId: Id | null;
};
