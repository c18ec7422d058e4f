/** What the commands of `jetmon2 api` share: a client for as long as they run, and what becomes of a refusal. */
import type { ApiAccess } from '../../app/reach-api.ts';
import { ApiError } from '../../client/api-error.ts';
import { type Client, createClient } from '../../client/client.ts';
import { guardFetch } from '../../client/guarded-fetch.ts';
import { createRequest, type Request } from '../../client/request.ts';
import { AppError } from '../../domain/errors.ts';
import { escapeControl } from '../../lib/escape.ts';
import { asAppError } from '../as-app-error.ts';
import type { Terminal } from '../command.ts';
import { refusalLine } from '../refusal-line.ts';
import {
  baseUrlIn,
  type ConnectionOptions,
  headersIn,
  outputIn,
  timeoutMsIn,
  tokenIn,
  trustsEveryOriginIn,
} from './connection-options.ts';
import { exchangeLog } from './exchange-log.ts';
import { isLocalHost } from './local-host.ts';

export type Api = {
  client: Client;
  /** Address of the server; its path, if any, stands before every path of the API. */
  origin: URL;
  /** The server is on this machine. */
  isLocal: boolean;
  /** Nothing serves: the API runs over the data file, in this process, and has no live stream. */
  isInProcess: boolean;
  output: 'json' | 'table';
  /** One line to standard error, escaped. */
  say(line: string): void;
  /** A request by its path, for what is no operation of the client. Throws as that does. */
  request: Request;
  /** The same to any address: the key goes along only where the policy lets it. */
  requestUrl(target: URL, init: Parameters<Request>[1]): Promise<Response>;
};

/**
 * Runs with a client of the server that is asked. What the API refuses, and that it does not answer, is said on standard
 * error and becomes exit code 1. Throws AppError for wrong usage, and for a data folder that cannot be used.
 */
export async function withApi(
  terminal: Terminal,
  options: ConnectionOptions,
  run: (api: Api) => Promise<void>,
): Promise<void> {
  const { close, api } = await connect(terminal, options);
  try {
    await run(api);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 0 && error.code === 'invalid_arguments') throw asAppError(error);
    terminal.err.write(refusalLine(documentOf(error), api.output === 'json'));
    terminal.setExitCode(1);
  } finally {
    await close();
  }
}

/** Throws `invalid_arguments` where a changing call would go to a host that is not this machine and that is not allowed. */
export function requireMayChange(api: Pick<Api, 'isLocal' | 'origin'>, { allowRemote }: ConnectionOptions): void {
  if (api.isLocal || allowRemote === true) return;
  throw new AppError(
    'invalid_arguments',
    `${api.origin.host} is not this machine, and this would change something there`,
    {
      fix: 'give --allow-remote if that is meant',
    },
  );
}

async function connect(terminal: Terminal, options: ConnectionOptions): Promise<{ api: Api; close(): Promise<void> }> {
  const { env } = terminal;
  const output = outputIn(options);
  const headers = headersIn(options);
  const timeoutMs = timeoutMsIn(options);
  const trustsEveryOrigin = trustsEveryOriginIn(options, env);
  const baseUrl = baseUrlIn(options, env);
  const token = await tokenIn(options, terminal);
  const reached = baseUrl === null ? await reachOwn(env) : null;
  const origin = baseUrl ?? new URL(reached?.baseUrl ?? '');
  const isOwn = (target: URL) => target.origin === origin.origin && reached !== null;
  const say = (line: string) => void terminal.err.write(`${escapeControl(line)}\n`);
  const fetchGuarded = guardFetch({
    ...(reached?.fetch === undefined ? {} : { send: reached.fetch }),
    origin: origin.origin,
    trustsEveryOrigin,
    headers,
    timeoutMs,
    requireMayChange(target) {
      try {
        requireMayChange({ origin: target, isLocal: isOwn(target) || isLocalHost(target) }, options);
      } catch (error) {
        throw error instanceof AppError ? asApiError(error) : error;
      }
    },
    ...(options.verbose === true ? { watch: exchangeLog(say) } : {}),
  });
  const identity = token ?? reached?.token;
  const access = { fetch: fetchGuarded, ...(identity === undefined ? {} : { token: identity }) };
  const toServer = { ...access, baseUrl: origin.href };
  return {
    api: {
      client: createClient(toServer),
      origin,
      isLocal: reached !== null || isLocalHost(origin),
      isInProcess: reached?.fetch !== undefined,
      output,
      say,
      request: createRequest(toServer),
      requestUrl: (target, init) =>
        createRequest({ ...access, baseUrl: target.origin })(target.pathname + target.search, init),
    },
    close: async () => void (await reached?.close()),
  };
}

/** The server of the data folder. It is loaded only here: who asks elsewhere needs neither database nor configuration. */
async function reachOwn(env: Terminal['env']): Promise<ApiAccess> {
  const [{ loadConfig }, { reachApi }] = await Promise.all([
    import('../../app/config.ts'),
    import('../../app/reach-api.ts'),
  ]);
  return reachApi(loadConfig(env).config);
}

/** The client lets its own errors through, whatever carried the request. */
function asApiError({ code, message, fix }: AppError): ApiError {
  return new ApiError(0, { code, message, ...(fix === null ? {} : { fix }) });
}

function documentOf({ code, message, fix, details, status, requestId }: ApiError) {
  return {
    code,
    message,
    fix,
    details: Object.keys(details).length === 0 ? undefined : details,
    ...(status === 0 ? {} : { status }),
    ...(requestId === null ? {} : { request_id: requestId }),
  };
}
