/** `jetmon2 keys`: who may use the API. Tokens are shown once and kept only as a hash. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { openKeys } from '../app/open-keys.ts';
import { nowMs } from '../app/open-trail.ts';
import { AppError } from '../domain/errors.ts';
import { COARSE_SCOPES, isScopeWord, RESOURCES, type ScopeWord } from '../domain/grants.ts';
import type { ApiKeyId } from '../domain/ids.ts';
import { isTenantId, TENANT_ID_RULE } from '../domain/tenant-id.ts';
import { parseDuration } from '../lib/duration.ts';
import { escapeControl } from '../lib/escape.ts';
import { sourceIn } from '../services/key-sources.ts';
import type { ApiKeys, Rotated } from '../store/api-keys.ts';
import { collect } from './api/numbers-in.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { documentOf, instant, statusWords, tenantWords } from './key-words.ts';
import { renderTable } from './table.ts';

const SCOPES = [...COARSE_SCOPES, ...RESOURCES.map((resource) => `${resource}:read|write`)].join(', ');

export function define(command: Command, terminal: Terminal): void {
  command.addHelpText('after', HELP);
  command
    .command('create')
    .summary('make a key and print its token, once')
    .requiredOption('--consumer <name>', 'who the key is for; shown in the audit trail')
    .requiredOption('--scope <words>', `one of ${COARSE_SCOPES.join(', ')}, or several finer ones with commas between`)
    .option('--rate-limit <n>', 'requests a minute; default depends on the scope')
    .option('--ttl <span>', 'how long it is valid, such as 90d; default: for ever')
    .option('--tenant <id>', 'bind it to one tenant: it sees the sites of that tenant alone')
    .option('--gateway', 'it speaks for tenants, and has to name one with every call')
    .option(
      '--from <networks>',
      'of a gateway: from where alone it is taken, with commas between; may be repeated',
      collect,
    )
    .option('--json', 'print one JSON document')
    .addHelpText('after', CREATE_HELP)
    .action((options: CreateOptions) => {
      const wanted = wantedKey(options, terminal);
      return withKeys(terminal, (keys) => create(keys, wanted, options, terminal));
    });
  command
    .command('list')
    .summary('list keys, never their tokens')
    .option('--include-revoked', 'show revoked keys too')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 keys list\n')
    .action((options: ListOptions) => withKeys(terminal, (keys) => list(keys, options, terminal)));
  command
    .command('rotate <id>')
    .summary('make a key like it with a new token; the old one ends after a grace')
    .option('--grace <span>', 'how long the old token is still good', '5m')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 keys rotate 3 --grace 1h\n')
    .action((id: string, options: RotateOptions) => {
      const keyId = keyIdIn(id);
      const graceMs = spanIn('--grace', options.grace, 0) * 1000;
      return withKeys(terminal, (keys) => rotate(keys, keyId, graceMs, options, terminal));
    });
  command
    .command('revoke <id>')
    .summary('make a key worthless at once')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 keys revoke 3\n')
    .action((id: string, options: { json?: boolean }) => {
      const keyId = keyIdIn(id);
      return withKeys(terminal, (keys) => revoke(keys, keyId, options, terminal));
    });
}

const HELP = `
Examples:
  $ jetmon2 keys create --consumer grafana --scope read
  $ jetmon2 keys list
  $ jetmon2 keys rotate 3
  $ jetmon2 keys revoke 3
`;

const CREATE_HELP = `
Scopes: ${SCOPES}.

Examples:
  $ jetmon2 keys create --consumer grafana --scope read
  $ jetmon2 keys create --consumer statuspage --scope sites:read,events:read --tenant acme --ttl 90d
  $ jetmon2 keys create --consumer gateway --scope write --gateway --rate-limit 6000 --from 10.0.0.0/8
`;

type CreateOptions = {
  consumer: string;
  scope: string;
  rateLimit?: string;
  ttl?: string;
  tenant?: string;
  gateway?: boolean;
  from?: string[];
  json?: boolean;
};
type RotateOptions = { grace: string; json?: boolean };
type NewKey = Parameters<ApiKeys['create']>[0];
type ListOptions = { includeRevoked?: boolean; json?: boolean };

async function withKeys(terminal: Terminal, run: (keys: ApiKeys) => Promise<void>): Promise<void> {
  const { config } = loadConfig(terminal.env);
  const { keys, close } = await openKeys(config);
  try {
    await run(keys);
  } finally {
    await close();
  }
}

/** Throws `invalid_arguments`. */
function wantedKey(options: CreateOptions, terminal: Terminal): NewKey {
  const consumerName = options.consumer.trim();
  if (!/^[\x20-\x7e]{1,128}$/.test(consumerName)) {
    throw new AppError('invalid_arguments', '--consumer must be 1 to 128 printable ASCII characters', {
      fix: 'name the program that will use the key, such as `grafana`',
    });
  }
  const rateLimitPerMinute =
    options.rateLimit === undefined ? 0 : positive(options.rateLimit, '--rate-limit', 1_000_000);
  return {
    consumerName,
    scope: scopesIn(options.scope),
    rateLimitPerMinute,
    ttlMs: options.ttl === undefined ? 0 : spanIn('--ttl', options.ttl, 1) * 1000,
    tenantId: tenantIn(options),
    isGateway: options.gateway === true,
    allowedFrom: networksIn(options),
    createdBy: createdBy(terminal),
  };
}

/** Throws `invalid_arguments`. Here and below. */
function scopesIn(text: string): ScopeWord[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  const unknown = words.find((word) => !isScopeWord(word));
  if (unknown !== undefined || words.length === 0) {
    throw new AppError('invalid_arguments', `--scope ${unknown ?? text} is not a scope`, { fix: `use ${SCOPES}` });
  }
  const scopes = [...new Set(words.filter(isScopeWord))];
  if (scopes.length === 1 || scopes.every((word) => word.includes(':'))) return scopes;
  throw new AppError('invalid_arguments', `--scope ${text} names a coarse scope beside others`, {
    fix: 'use one coarse scope, or finer ones alone',
  });
}

function tenantIn({ tenant, gateway }: CreateOptions): string | null {
  if (tenant === undefined) return null;
  if (!isTenantId(tenant)) {
    throw new AppError('invalid_arguments', `--tenant is not ${TENANT_ID_RULE}`, {
      fix: 'name a tenant, as in `acme`',
    });
  }
  if (gateway !== true) return tenant;
  throw new AppError('invalid_arguments', '--tenant and --gateway exclude each other', {
    fix: 'a gateway names a tenant with each call; leave one of them out',
  });
}

function networksIn({ from, gateway }: CreateOptions): string[] | null {
  if (from === undefined) return null;
  if (gateway !== true) {
    throw new AppError('invalid_arguments', '--from is for gateways', { fix: 'add --gateway, or leave it out' });
  }
  const texts = from.flatMap((text) => text.split(/[\s,]+/)).filter((text) => text !== '');
  const networks = texts.map((text) => {
    const network = sourceIn(text);
    if (network !== null) return network;
    throw new AppError('invalid_arguments', `--from ${text} is no network`, {
      fix: 'write it as 10.0.0.0/8 or fd00::/8',
    });
  });
  if (networks.length > 0 && networks.length <= MOST_NETWORKS) return [...new Set(networks)];
  throw new AppError('invalid_arguments', `--from names ${networks.length} networks`, {
    fix: `name 1 to ${MOST_NETWORKS}, larger ones where there are more`,
  });
}

/** As many as a key has room for. */
const MOST_NETWORKS = 20;

function spanIn(option: string, text: string, atLeast: 0 | 1): number {
  const seconds = parseDuration(text);
  if (seconds !== null && seconds >= atLeast) return seconds;
  throw new AppError('invalid_arguments', `${option} ${text} is not a span of time`, {
    fix: 'write it as `5m` or `90d`',
  });
}

function keyIdIn(text: string): ApiKeyId {
  return BigInt(positive(text, 'the key id', Number.MAX_SAFE_INTEGER)) as ApiKeyId;
}

async function create(keys: ApiKeys, wanted: NewKey, options: CreateOptions, terminal: Terminal): Promise<void> {
  const { key, token } = await keys.create(wanted);
  if (options.json) {
    terminal.out.write(jsonLine({ ...documentOf(key), token }));
    return;
  }
  terminal.out.write(
    `key ${key.keyId} for ${key.consumerName} (${key.scopes.join(' ')}${tenantWords(key)}, ${key.rateLimitPerMinute} requests a minute)\n\n  ${token}\n\n`,
  );
  terminal.err.write('This token is shown once. Send it as `Authorization: Bearer <token>`.\n');
}

async function rotate(
  keys: ApiKeys,
  keyId: ApiKeyId,
  graceMs: number,
  options: RotateOptions,
  terminal: Terminal,
): Promise<void> {
  const rotated = await keys.rotate(keyId, { graceMs, createdBy: createdBy(terminal) });
  if (rotated.kind !== 'rotated') throw notRotated(keyId, rotated);
  const { key, token, replaced } = rotated;
  const until = instant(replaced.revokedAtMs);
  if (options.json) {
    terminal.out.write(jsonLine({ ...documentOf(key), token, replaces: Number(keyId), replaced_until: until }));
    return;
  }
  terminal.out.write(
    `key ${key.keyId} takes the place of key ${keyId}, which is good until ${until}\n\n  ${token}\n\n`,
  );
  terminal.err.write('This token is shown once. Send it as `Authorization: Bearer <token>`.\n');
}

function notRotated(keyId: ApiKeyId, rotated: Exclude<Rotated, { kind: 'rotated' }>): AppError {
  if (rotated.kind === 'not_found') return noSuchKey(keyId);
  const why = { revoked: 'is revoked', expired: 'has expired', replaced: 'is being replaced already' }[rotated.status];
  return new AppError('key_not_active', `key ${keyId} ${why}`, {
    fix:
      rotated.status === 'replaced' ? 'use the key that takes its place' : 'make a new one with `jetmon2 keys create`',
  });
}

function noSuchKey(keyId: ApiKeyId): AppError {
  return new AppError('key_not_found', `there is no key ${keyId}`, { fix: 'see `jetmon2 keys list`' });
}

async function list(keys: ApiKeys, options: ListOptions, terminal: Terminal): Promise<void> {
  const rows = await keys.list({ includeRevoked: options.includeRevoked === true });
  if (options.json) {
    terminal.out.write(jsonLine({ data: rows.map(documentOf) }));
    return;
  }
  const table = rows.map((key) => [
    String(key.keyId),
    escapeControl(key.consumerName),
    key.scopes.join(' ') + tenantWords(key),
    String(key.rateLimitPerMinute),
    instant(key.expiresAtMs) ?? 'never',
    instant(key.lastUsedAtMs) ?? 'never',
    statusWords(key, nowMs()),
  ]);
  terminal.out.write(renderTable(['ID', 'CONSUMER', 'SCOPE', 'RATE/MIN', 'EXPIRES', 'LAST USED', 'STATUS'], table));
}

async function revoke(keys: ApiKeys, keyId: ApiKeyId, options: { json?: boolean }, terminal: Terminal): Promise<void> {
  if ((await keys.revoke(keyId)) === null) throw noSuchKey(keyId);
  terminal.out.write(options.json ? jsonLine({ id: Number(keyId), revoked: true }) : `key ${keyId} is revoked\n`);
}

function positive(text: string, what: string, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new AppError('invalid_arguments', `${what} "${text}" is not a number from 1 to ${max}`, {
    fix: 'give a whole number',
  });
}

function createdBy(terminal: Terminal): string {
  return (terminal.env['USER'] ?? terminal.env['LOGNAME'] ?? 'cli').slice(0, 128);
}
