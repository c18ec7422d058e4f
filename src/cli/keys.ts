/** `jetmon2 keys`: who may use the API. Tokens are shown once and kept only as a hash. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { openKeys } from '../app/open-keys.ts';
import { AppError } from '../domain/errors.ts';
import type { ApiKeyId } from '../domain/ids.ts';
import { escapeControl } from '../lib/escape.ts';
import type { ApiKey, ApiKeys, KeyScope } from '../store/api-keys.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { renderTable } from './table.ts';

const SCOPES: readonly KeyScope[] = ['read', 'write', 'admin'];

export function define(command: Command, terminal: Terminal): void {
  command.addHelpText('after', HELP);
  command
    .command('create')
    .summary('make a key and print its token, once')
    .requiredOption('--consumer <name>', 'who the key is for; shown in the audit trail')
    .requiredOption('--scope <scope>', SCOPES.join(', '))
    .option('--rate-limit <n>', 'requests a minute; default depends on the scope')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 keys create --consumer grafana --scope read\n')
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
    .command('revoke <id>')
    .summary('make a key worthless at once')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 keys revoke 3\n')
    .action((id: string, options: { json?: boolean }) => {
      const keyId = BigInt(positive(id, 'the key id', Number.MAX_SAFE_INTEGER)) as ApiKeyId;
      return withKeys(terminal, (keys) => revoke(keys, keyId, options, terminal));
    });
}

const HELP = `
Examples:
  $ jetmon2 keys create --consumer grafana --scope read
  $ jetmon2 keys list
  $ jetmon2 keys revoke 3
`;

type CreateOptions = { consumer: string; scope: string; rateLimit?: string; json?: boolean };
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
  const scope = SCOPES.find((one) => one === options.scope);
  if (scope === undefined) {
    throw new AppError('invalid_arguments', `--scope ${options.scope} is not a scope`, {
      fix: `use one of ${SCOPES.join(', ')}`,
    });
  }
  const consumerName = options.consumer.trim();
  if (!/^[\x20-\x7e]{1,128}$/.test(consumerName)) {
    throw new AppError('invalid_arguments', '--consumer must be 1 to 128 printable ASCII characters', {
      fix: 'name the program that will use the key, such as `grafana`',
    });
  }
  const rateLimitPerMinute =
    options.rateLimit === undefined ? 0 : positive(options.rateLimit, '--rate-limit', 1_000_000);
  return { consumerName, scope, rateLimitPerMinute, createdBy: createdBy(terminal) };
}

async function create(keys: ApiKeys, wanted: NewKey, options: CreateOptions, terminal: Terminal): Promise<void> {
  const { key, token } = await keys.create(wanted);
  if (options.json) {
    terminal.out.write(jsonLine({ ...documentOf(key), token }));
    return;
  }
  terminal.out.write(
    `key ${key.keyId} for ${key.consumerName} (${key.scope}, ${key.rateLimitPerMinute} requests a minute)\n\n  ${token}\n\n`,
  );
  terminal.err.write('This token is shown once. Send it as `Authorization: Bearer <token>`.\n');
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
    key.scope,
    String(key.rateLimitPerMinute),
    instant(key.expiresAtMs) ?? 'never',
    instant(key.lastUsedAtMs) ?? 'never',
    instant(key.revokedAtMs) === null ? 'active' : `revoked ${instant(key.revokedAtMs)}`,
  ]);
  terminal.out.write(renderTable(['ID', 'CONSUMER', 'SCOPE', 'RATE/MIN', 'EXPIRES', 'LAST USED', 'STATUS'], table));
}

async function revoke(keys: ApiKeys, keyId: ApiKeyId, options: { json?: boolean }, terminal: Terminal): Promise<void> {
  if ((await keys.revoke(keyId)) === null) {
    throw new AppError('key_not_found', `there is no key ${keyId}`, { fix: 'see `jetmon2 keys list`' });
  }
  terminal.out.write(options.json ? jsonLine({ id: Number(keyId), revoked: true }) : `key ${keyId} is revoked\n`);
}

function positive(text: string, what: string, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= max) return value;
  throw new AppError('invalid_arguments', `${what} "${text}" is not a number from 1 to ${max}`, {
    fix: 'give a whole number',
  });
}

function documentOf(key: ApiKey): object {
  return {
    id: Number(key.keyId),
    consumer_name: key.consumerName,
    scope: key.scope,
    rate_limit_per_minute: key.rateLimitPerMinute,
    expires_at: instant(key.expiresAtMs),
    revoked_at: instant(key.revokedAtMs),
    last_used_at: instant(key.lastUsedAtMs),
    created_at: instant(key.createdAtMs),
    created_by: key.createdBy,
  };
}

function instant(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

function createdBy(terminal: Terminal): string {
  return (terminal.env['USER'] ?? terminal.env['LOGNAME'] ?? 'cli').slice(0, 128);
}
