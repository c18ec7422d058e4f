/** `jetmon2 api request`: any request by its method and path, for what has no command of its own. */
import type { Command } from 'commander';
import { refusalFrom, unreachable } from '../../client/api-error.ts';
import { escapeControl } from '../../lib/escape.ts';
import { parseJson } from '../../lib/json.ts';
import type { Terminal } from '../command.ts';
import { type Api, requireMayChange, withApi } from './connection.ts';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts';
import { fileText, jsonIn, refusal, stdinText } from './flag-values.ts';
import { documentText, formIn, replyText, widthOf } from './show-reply.ts';

type Options = ConnectionOptions & { body?: string; bodyFile?: string; idempotencyKey?: string };

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

export function defineRequest(command: Command, terminal: Terminal): void {
  command
    .summary('any request, by method and path')
    .description('Any request, by method and path. Replies are shown as JSON unless --output table is given.')
    .argument('<method>', METHODS.join(', '))
    .argument(
      '<path>',
      'such as /api/v1/sites, or sites for short; a whole address gets no key unless it is the server',
    )
    .argument('[dash]', '- for a body from standard input')
    .option('--body <json>', 'what is sent')
    .option('--body-file <path>', 'the same from a file; - for standard input')
    .option('--idempotency-key <key>', 'new for each new request: then it is carried out once');
  addConnectionOptions(command)
    .addHelpText('after', HELP)
    .action((method: string, path: string, dash: string | undefined) =>
      request(method.toUpperCase(), path, dash, command.opts<Options>(), terminal),
    );
}

const HELP = `
Examples:
  $ jetmon2 api request GET 'sites?limit=2'
  $ jetmon2 api request PATCH /api/v1/sites/1 --body '{"check_interval":5}'
  $ echo '{"monitor_url":"https://example.com"}' | jetmon2 api request POST sites -
`;

async function request(
  method: string,
  path: string,
  dash: string | undefined,
  options: Options,
  terminal: Terminal,
): Promise<void> {
  if (!METHODS.includes(method)) {
    throw refusal(`"${method}" is no method that is sent`, `use one of ${METHODS.join(', ')}`);
  }
  if (dash !== undefined && dash !== '-') throw refusal(`"${dash}" is one word too many`, 'give a body with --body');
  const body = await bodyIn(dash === undefined ? options : { ...options, bodyFile: dash }, terminal.stdin);
  if (body !== undefined && (method === 'GET' || method === 'HEAD')) {
    throw refusal(`${method} has no body`, 'leave it out, or use another method');
  }
  const idempotency = options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey };
  const init = { method, headers: idempotency, ...(body === undefined ? {} : { body }) };
  await withApi(terminal, options, async (api) => {
    const target = targetOf(path);
    if (method !== 'GET' && method !== 'HEAD' && target === null) requireMayChange(api, options);
    const reply = await (target === null ? api.request(pathOf(path), init) : api.requestUrl(target, init));
    await show(reply, api, options, terminal);
  });
}

/** A whole address; null: a path on the server. */
function targetOf(path: string): URL | null {
  if (!/^https?:\/\//i.test(path)) return null;
  const target = URL.canParse(path) ? new URL(path) : null;
  if (target !== null && target.username === '' && target.password === '') return target;
  throw refusal(`"${path}" is not an address that can be asked`, 'give a path such as /api/v1/sites');
}

function pathOf(path: string): string {
  return path.startsWith('/') ? path : `/api/v1/${path}`;
}

/** Sent as it was written, once it is known to be JSON. */
async function bodyIn(
  { body, bodyFile, tokenFile }: Options,
  stdin: NodeJS.ReadableStream,
): Promise<string | undefined> {
  if (body !== undefined && bodyFile !== undefined) {
    throw refusal('there are two bodies', 'leave one of --body, --body-file and - out');
  }
  if (bodyFile === '-' && tokenFile === '-') {
    throw refusal('standard input cannot be key and body at once', 'put one of them into a file');
  }
  const fromFile = bodyFile === '-' ? await stdinText('the body', stdin) : undefined;
  const text = body ?? fromFile ?? (bodyFile === undefined ? undefined : fileText('--body-file', bodyFile));
  if (text !== undefined) jsonIn('the body', text);
  return text;
}

async function show(reply: Response, api: Api, options: Options, terminal: Terminal): Promise<void> {
  const text = await reply.text().catch((cause: unknown) => {
    throw unreachable(api.origin.origin, cause);
  });
  const parsed = parseJson(text, { maxDepth: 64 });
  if (reply.status >= 400) throw refusalFrom(reply.status, parsed.ok ? parsed.value : null);
  if (!parsed.ok) {
    if (text !== '') terminal.out.write(`${text.trimEnd().split('\n').map(escapeControl).join('\n')}\n`);
    return;
  }
  const form = formIn(options.output === 'table' ? api.output : 'json', options);
  terminal.out.write(
    form === 'table' ? replyText(parsed.value, form, widthOf(terminal)) : documentText(parsed.value, form),
  );
}
