/** The options that say which server is asked, as whom, and how what it answers is shown. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { AppError } from '../../domain/errors.ts';
import { parseDuration } from '../../lib/duration.ts';

export type ConnectionOptions = {
  baseUrl?: string;
  token?: string;
  tokenFile?: string;
  authPolicy?: string;
  allowRemote?: boolean;
  timeout?: string;
  header?: string[];
  pretty?: boolean;
  output?: string;
  json?: boolean;
  verbose?: boolean;
};

type Env = Readonly<Record<string, string | undefined>>;
type Header = readonly [name: string, value: string];

/** A reply that is not here by then is not waited for. A change may go on without us, so it is given longer. */
const READ_TIMEOUT_MS = 10_000;
const CHANGE_TIMEOUT_MS = 40_000;
const LONGEST_TIMEOUT_SECONDS = 3_600;

export function addConnectionOptions(command: Command): Command {
  return command
    .optionsGroup('Which server, and how:')
    .option('--base-url <url>', 'address of the server (JETMON_API_URL); else that of this data folder')
    .option('--token <token>', 'API key (JETMON_API_TOKEN); others on this machine may see it here')
    .option('--token-file <path>', 'file that holds the API key; - for standard input')
    .addOption(
      oneOf(
        '--auth-policy <policy>',
        'where the key goes (JETMON_API_AUTH_POLICY); the server alone unless said otherwise',
        ['same-origin', 'any-origin'],
      ),
    )
    .option('--allow-remote', 'let changes be made on a host that is not this machine')
    .option('--timeout <span>', 'how long a reply is waited for; 10s, and 40s for a change')
    .option('--header <line>', 'header field to send, as `Name: value`; may be repeated', collect)
    .addOption(oneOf('--output <form>', 'how replies are shown; a table unless said otherwise', ['table', 'json']))
    .option('--json', 'the same as --output json')
    .option('--pretty', 'JSON over several lines')
    .option('-v, --verbose', 'say on standard error what is sent and what comes back, without secrets')
    .optionsGroup('');
}

/** Named in help and completion; what else is given is refused in our words. */
function oneOf(flags: string, about: string, words: readonly string[]): Option {
  return new Option(flags, about).choices(words).argParser((word: string) => word);
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Where the server is, when that is said; null: the server of this data folder. Throws `invalid_arguments`. Here and below. */
export function baseUrlIn({ baseUrl }: ConnectionOptions, env: Env): URL | null {
  const [what, text] = baseUrl === undefined ? ['JETMON_API_URL', env['JETMON_API_URL']] : ['--base-url', baseUrl];
  if (text === undefined || (text === '' && baseUrl === undefined)) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw refusal(`${what} "${text}" is not an http or https address`, 'write it as `https://monitor.example.com`');
  }
  if (url.username !== '' || url.password !== '') {
    throw refusal(`${what} holds a user name or password`, 'give the key with --token-file');
  }
  if (url.search !== '' || url.hash !== '') {
    throw refusal(`${what} "${text}" has a query or fragment`, 'leave out what follows the path');
  }
  return url;
}

/** Undefined: none is said. `stdin` is read whole where the file is `-`. */
export async function tokenIn(
  { token, tokenFile }: ConnectionOptions,
  { env, stdin }: { env: Env; stdin: NodeJS.ReadableStream },
): Promise<string | undefined> {
  if (token !== undefined && tokenFile !== undefined) {
    throw refusal('--token and --token-file exclude each other', 'leave one of them out');
  }
  if (token !== undefined) return checked('--token', token);
  if (tokenFile === undefined) {
    const fromEnv = env['JETMON_API_TOKEN'] ?? '';
    return fromEnv === '' ? undefined : checked('JETMON_API_TOKEN', fromEnv);
  }
  return checked(`--token-file ${tokenFile}`, tokenFile === '-' ? await readAll(stdin) : contentOf(tokenFile));
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AppError('invalid_arguments', `--token-file ${path} cannot be read (${code})`, {
      fix: 'name a file that holds nothing but the key',
      cause,
    });
  }
}

const LONGEST_TOKEN = 4_096;

async function readAll(stdin: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stdin) {
    text += String(chunk);
    if (text.length > LONGEST_TOKEN) break;
  }
  return text;
}

function checked(what: string, text: string): string {
  const token = text.trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw refusal(`${what} holds no API key`, 'give one line of printable characters, as `jetmon2 keys create` shows it');
}

export function trustsEveryOriginIn({ authPolicy }: ConnectionOptions, env: Env): boolean {
  const fromEnv = env['JETMON_API_AUTH_POLICY'] || undefined;
  const policy = authPolicy ?? fromEnv ?? 'same-origin';
  if (policy === 'same-origin' || policy === 'any-origin') return policy === 'any-origin';
  throw refusal(
    `${authPolicy === undefined ? 'JETMON_API_AUTH_POLICY' : '--auth-policy'} "${policy}" is not known`,
    'use same-origin or any-origin',
  );
}

export function timeoutMsIn({ timeout }: ConnectionOptions): (method: string) => number {
  if (timeout === undefined) return (method) => (method === 'GET' ? READ_TIMEOUT_MS : CHANGE_TIMEOUT_MS);
  const seconds = parseDuration(timeout) ?? 0;
  if (seconds < 1 || seconds > LONGEST_TIMEOUT_SECONDS) {
    throw refusal(`--timeout "${timeout}" is not a span from 1s to 1h`, 'write it as `30s` or `2m`');
  }
  return () => seconds * 1_000;
}

export function outputIn({ output, json, pretty }: ConnectionOptions): 'json' | 'table' {
  if (output !== undefined && output !== 'json' && output !== 'table') {
    throw refusal(`--output "${output}" is not known`, 'use table or json');
  }
  return json === true || pretty === true || output === 'json' ? 'json' : 'table';
}

/** Fields that the connection says itself, and how they are said instead. */
const RESERVED: Readonly<Record<string, string>> = {
  authorization: 'give the key with --token-file',
  host: 'give the address with --base-url',
  connection: 'leave it out',
  'content-length': 'leave it out',
  'transfer-encoding': 'leave it out',
};

export function headersIn({ header = [] }: ConnectionOptions): Header[] {
  return header.map((line) => {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}):[\t ]*([\t\x20-\x7e\x80-\xff]*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw refusal('--header is not a header field', "write it as --header 'Name: value', on one line");
    }
    const instead = RESERVED[name.toLowerCase()];
    if (instead !== undefined) throw refusal(`--header ${name} cannot be set by hand`, instead);
    return [name, value.trimEnd()];
  });
}

function refusal(message: string, fix: string): AppError {
  return new AppError('invalid_arguments', message, { fix });
}
