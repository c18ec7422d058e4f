/** What commands that ask the running server share: it is there, and how to ask it. */
import type { Config } from '../app/config.ts';
import type { FoundServer } from '../app/find-server.ts';
import { ApiError } from '../client/api-error.ts';
import { type Client, createClient } from '../client/client.ts';
import { AppError } from '../domain/errors.ts';

export type ServerStatus = Awaited<ReturnType<Client['status']>>;

export function noServerRuns({ JETMON_DATA_DIR: folder }: Config, fix: string): AppError {
  return new AppError('server_not_running', `no server runs on data folder ${folder}`, { fix });
}

/** Throws `server_unreachable` when the server does not answer, and, with these words, when it says no address. */
export async function askStatus(
  { pid, access }: FoundServer,
  noAddress: { says: string; fix: string },
): Promise<ServerStatus> {
  if (access === null) {
    throw new AppError('server_unreachable', `process ${pid} ${noAddress.says}`, { fix: noAddress.fix });
  }
  try {
    return await createClient(access).status();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new AppError('server_unreachable', `process ${pid} does not answer: ${error.message}`, {
      fix: 'see its log',
      cause: error,
    });
  }
}
