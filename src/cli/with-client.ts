/** What commands that ask the API share: a client for as long as they run, and refusals in the words of the API. */
import { type Config, loadConfig } from '../app/config.ts';
import { reachApi } from '../app/reach-api.ts';
import { ApiError } from '../client/api-error.ts';
import { type Client, createClient } from '../client/client.ts';
import { AppError } from '../domain/errors.ts';
import { asAppError } from './as-app-error.ts';
import type { Terminal } from './command.ts';

/** Speaks to the running server, or to the data file when none runs. */
export async function withClient(
  terminal: Terminal,
  run: (client: Client, config: Config) => Promise<void>,
): Promise<void> {
  const { config } = loadConfig(terminal.env);
  const { close, ...access } = await reachApi(config);
  try {
    await run(createClient(access), config);
  } catch (error) {
    throw error instanceof ApiError ? asAppError(error) : error;
  } finally {
    await close();
  }
}

/** Throws `invalid_arguments`. */
export function siteIdIn(text: string): bigint {
  if (/^[1-9]\d{0,18}$/.test(text)) return BigInt(text);
  throw new AppError('invalid_arguments', `"${text}" is not the number of a site`, { fix: 'see `jetmon2 sites list`' });
}
