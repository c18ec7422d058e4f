/** Reads the configuration: a JSON file, then the environment over it, checked whole before anything starts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import { parseJson } from '../lib/json.ts';
import { nearest } from '../lib/nearest.ts';
import { schemaProblem } from '../lib/schema-problem.ts';
import { parseMonitorUrl } from '../services/site-url.ts';
import { parseStatsdAddress } from '../telemetry/statsd.ts';
import type { VerifierEntry } from '../verifier/client.ts';
import { parseEgressAllow } from '../wire/egress-guard.ts';
import { parseAddress } from '../wire/ip-address.ts';
import {
  CONFIG_SHAPE,
  type ConfigKey,
  ConfigSchema,
  type ConfigValues,
  DB_KEYS,
  NO_EFFECT_KEYS,
  OUR_VARIABLES,
  RENAMED_KEYS,
} from './config-keys.ts';
import { readCertificates } from './pem-files.ts';
import { setUpVerifiers, verifierProblem } from './verifier-config.ts';

export type Config = Omit<ConfigValues, 'DATABASE_URL' | 'VERIFIERS' | 'VERIFIER_QUORUM'> & {
  DATABASE_URL: string;
  /** Who is asked before an outage is Down. Holds secrets. */
  verifiers: readonly VerifierEntry[];
  /** Regions of them that must agree; 0 without verifiers. */
  verifierQuorum: number;
  /** PEM text of CHECK_CA_FILE; null when none is set. */
  extraCaPem: string | null;
};

export type LoadedConfig = {
  config: Config;
  /** Things a person should know: keys without effect, old names. One plain line each. */
  notices: string[];
  /** The file that was read; null when there was none. */
  file: string | null;
};

type Env = Readonly<Record<string, string | undefined>>;
type Raw = Record<string, unknown>;

const DEFAULT_FILE = join('config', 'config.json');

/** Throws AppError `invalid_config` that names every wrong key, its place, and what would be right. */
export function loadConfig(env: Env): LoadedConfig {
  return configFrom(env, readConfigFile(env));
}

/** As if there were no file: for a command that only wants to find the server of a file that is not usable. */
export function loadConfigWithoutFile(env: Env): LoadedConfig {
  return configFrom(env, null);
}

function configFrom(env: Env, file: ReturnType<typeof readConfigFile>): LoadedConfig {
  const fromFile = takeKeys(file?.values ?? {}, file?.path ?? '');
  const fromEnv = takeKeys(textValues(env), 'the environment');
  const raw: Raw = { ...fromFile.values, ...fromEnv.values };
  raw['DATABASE_URL'] ??= databaseUrlFromParts(env, file?.values ?? {});
  const quorumFrom = 'VERIFIER_QUORUM' in fromEnv.values ? fromEnv : fromFile;
  const { config, notices } = finish(raw, {
    problems: [...fromFile.problems, ...fromEnv.problems],
    path: file?.path ?? null,
    isOlderQuorum: quorumFrom.older.has('VERIFIER_QUORUM'),
  });
  return { config, notices: [...fromFile.notices, ...fromEnv.notices, ...notices], file: file?.path ?? null };
}

function readConfigFile(env: Env): { path: string; values: Raw } | null {
  const named = env['JETMON_CONFIG'];
  const path = named || DEFAULT_FILE;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && !named) return null;
    throw new AppError('invalid_config', `${path}: the configuration file cannot be read (${code})`, {
      fix: 'check the path in JETMON_CONFIG and the rights of the file',
      cause,
    });
  }
  try {
    const values: unknown = JSON.parse(text);
    if (values !== null && typeof values === 'object' && !Array.isArray(values)) return { path, values: values as Raw };
  } catch (cause) {
    throw new AppError('invalid_config', `${path}: this is not JSON${placeIn(cause)}`, {
      fix: 'correct the file; it holds one JSON object with keys in capitals',
      cause,
    });
  }
  throw new AppError('invalid_config', `${path}: the file must hold one JSON object`, {
    fix: 'wrap the keys in { }',
  });
}

/** `older`: the keys whose value stood under an older name. */
type Taken = { values: Raw; older: ReadonlySet<ConfigKey>; notices: string[]; problems: string[] };

/** The message of the parser quotes the text, which may hold secrets. */
function placeIn(error: unknown): string {
  const at = /\bposition (\d+)(?: \(line (\d+) column (\d+)\))?/.exec(error instanceof Error ? error.message : '');
  if (at === null) return '';
  return at[2] === undefined ? ` at character ${at[1]}` : ` at line ${at[2]}, column ${at[3]}`;
}

/** Sorts the keys of one source: known, renamed (the new name wins), without effect, unknown. */
function takeKeys(source: Raw, place: string): Taken {
  const values: Raw = {};
  const older = new Set<ConfigKey>();
  const notices: string[] = [];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(source)) {
    const renamed = RENAMED_KEYS[key];
    if (key in CONFIG_SHAPE) values[key] = value;
    else if (renamed !== undefined) {
      notices.push(`${place}: ${key} is an older name of ${renamed}.`);
      const disabled = renamed === 'HTTP_PORT' && value === 0;
      if (!(renamed in source) && !disabled) {
        values[renamed] = value;
        older.add(renamed);
      }
    } else if (NO_EFFECT_KEYS.includes(key)) notices.push(`${place}: ${key} has no effect here.`);
    else if (!DB_KEYS.some((dbKey) => dbKey === key)) problems.push(`${place}: unknown key "${key}"${didYouMean(key)}`);
  }
  return { values, older, notices, problems };
}

/**
 * The environment holds much that is not ours, so only known names are taken from it, each read as its key says. What
 * looks like a slip in a name that can only be ours is refused like any other unknown key.
 */
function textValues(env: Env): Raw {
  const values: Raw = {};
  for (const [key, text] of Object.entries(env)) {
    if (key.startsWith('JETMON_') && !OUR_VARIABLES.includes(key) && nearest(key, OUR_VARIABLES)) values[key] = text;
  }
  for (const key of [...Object.keys(RENAMED_KEYS), ...Object.keys(CONFIG_SHAPE)]) {
    const text = env[key];
    if (text !== undefined && text !== '') values[key] = fromText(RENAMED_KEYS[key] ?? (key as ConfigKey), text);
  }
  return values;
}

function didYouMean(key: string): string {
  const guess = nearest(key, [
    ...Object.keys(CONFIG_SHAPE),
    ...Object.keys(RENAMED_KEYS),
    ...DB_KEYS,
    ...NO_EFFECT_KEYS,
  ]);
  return guess === null ? '.' : `. Did you mean ${guess}?`;
}

/** An environment variable is text; its key says what it stands for. Text that does not fit is left for the schema to refuse. */
function fromText(key: ConfigKey, text: string): unknown {
  if (key === 'VERIFIERS') {
    const parsed = parseJson(text);
    return parsed.ok ? parsed.value : text;
  }
  switch (innermost(CONFIG_SHAPE[key])) {
    case 'number':
      return /^-?\d+$/.test(text.trim()) ? Number(text) : text;
    case 'boolean':
      return { true: true, '1': true, false: false, '0': false }[text.trim().toLowerCase()] ?? text;
    case 'array':
      return text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== '');
    default:
      return text;
  }
}

function innermost(schema: (typeof CONFIG_SHAPE)[ConfigKey]): string {
  return schema.def.type === 'default' || schema.def.type === 'optional' ? schema.def.innerType.def.type : 'unknown';
}

function databaseUrlFromParts(env: Env, file: Raw): string | undefined {
  const part = (key: (typeof DB_KEYS)[number]) => env[key] ?? (file[key] === undefined ? undefined : String(file[key]));
  if (DB_KEYS.every((key) => part(key) === undefined)) return undefined;
  const user = encodeURIComponent(part('DB_USER') ?? 'root');
  const password = part('DB_PASSWORD') ? `:${encodeURIComponent(part('DB_PASSWORD') ?? '')}` : '';
  return `mysql://${user}${password}@${part('DB_HOST') ?? 'localhost'}:${part('DB_PORT') ?? '3306'}/${part('DB_NAME') ?? 'jetmon_db'}`;
}

function finish(
  raw: Raw,
  source: { problems: string[]; path: string | null; isOlderQuorum: boolean },
): { config: Config; notices: string[] } {
  const { problems } = source;
  const parsed = ConfigSchema.safeParse(raw);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const isOfVerifiers = issue.path[0] === 'VERIFIERS';
      problems.push(isOfVerifiers ? verifierProblem(issue, raw) : keyProblem(issue, raw));
    }
    throw unusable(source);
  }
  const { VERIFIERS, VERIFIER_QUORUM, ...values } = parsed.data;
  problems.push(...parseEgressAllow(values.EGRESS_ALLOW).errors);
  problems.push(...referenceProblems(values.REFERENCE_TARGETS));
  for (const resolver of values.CHECK_DNS_RESOLVERS) {
    if (!isResolver(resolver))
      problems.push(`CHECK_DNS_RESOLVERS: "${resolver}" is not an IP address with an optional port.`);
  }
  if (values.BIND_SOURCE !== undefined && parseAddress(values.BIND_SOURCE) === null) {
    problems.push(`BIND_SOURCE: "${values.BIND_SOURCE}" is not an IP address.`);
  }
  if (values.STATSD_ADDR !== undefined && parseStatsdAddress(values.STATSD_ADDR) === null) {
    problems.push(`STATSD_ADDR: "${values.STATSD_ADDR}" is not a host with an optional port.`);
  }
  const quorum = VERIFIER_QUORUM === undefined ? null : { quorum: VERIFIER_QUORUM, isOlder: source.isOlderQuorum };
  const setup = setUpVerifiers(VERIFIERS, quorum, values.BIND_SOURCE ?? null);
  problems.push(...setup.problems);
  if (problems.length > 0) throw unusable(source);
  const config: Config = {
    ...values,
    DATABASE_URL: values.DATABASE_URL ?? `sqlite:${join(values.JETMON_DATA_DIR, 'jetmon.db')}`,
    verifiers: setup.verifiers,
    verifierQuorum: setup.quorum,
    extraCaPem: values.CHECK_CA_FILE === undefined ? null : readCertificates('CHECK_CA_FILE', values.CHECK_CA_FILE),
  };
  return { config, notices: setup.notices };
}

/** Passwords stand in URLs, too; and a list or an object in the wrong place may hold whatever was meant for another. */
const NEVER_SHOWN: readonly unknown[] = ['DATABASE_URL', 'REFERENCE_TARGETS', 'VERIFIER_AUTH_TOKEN'];

function keyProblem(issue: z.core.$ZodIssue, raw: Raw): string {
  const [key] = issue.path;
  const isHidden = (value: unknown) => NEVER_SHOWN.includes(key) || (typeof value === 'object' && value !== null);
  return `${String(key)}: ${schemaProblem(issue, raw, isHidden)}.`;
}

function unusable({ problems, path }: { problems: readonly string[]; path: string | null }): AppError {
  return new AppError('invalid_config', `the configuration is not usable. ${problems.join(' ')}`, {
    fix: `correct ${path ?? 'the environment'}; every key is explained in docs/config.md`,
    details: { problems },
  });
}

/** Two that can fail apart from each other at the least; one alone could not tell its own failure from ours. */
function referenceProblems(urls: readonly string[]): string[] {
  const problems: string[] = [];
  const hosts = new Set<string>();
  for (const text of urls) {
    try {
      hosts.add(new URL(parseMonitorUrl(text)).hostname);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      problems.push(`REFERENCE_TARGETS: ${error.message}; ${error.fix}.`);
    }
  }
  if (problems.length === 0 && urls.length > 0 && hosts.size < 2)
    problems.push('REFERENCE_TARGETS: name URLs on at least two hosts, or none at all.');
  return problems;
}

/** `1.2.3.4`, `1.2.3.4:53`, `2001:db8::1`, `[2001:db8::1]:53`. */
function isResolver(text: string): boolean {
  if (parseAddress(text) !== null) return true;
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  return match !== null && parseAddress(match[1] ?? match[2] ?? '') !== null && Number(match[3]) <= 65_535;
}
