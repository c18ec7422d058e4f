/** What MySQL, MariaDB and the way to them complain about, by typed code, in words for people. */
import { AppError } from '../../domain/errors.ts';
import { isConflict } from './trouble.ts';

type Trouble = { cause: string; fix: string };

const CREDENTIALS = 'check user and password in DATABASE_URL (or DB_USER and DB_PASSWORD)';
const GRANT = 'grant the user all rights on that database';
const PRIMARY = 'name the server that is written to in DATABASE_URL';
const SPACE = 'free some space on the disk of the database server';
const LOST: Trouble = { cause: 'closed the connection', fix: 'check that the database server is running' };

export const READ_ONLY: Trouble = { cause: 'is read-only', fix: PRIMARY };
export const REPLICA: Trouble = { cause: 'is a replica of another server', fix: PRIMARY };
/** Refused before anything was written. */
export const READ_ONLY_NUMBERS: readonly number[] = [1290, 1792, 1836];
export const SILENT: Trouble = {
  cause: 'does not answer in time',
  fix: 'check the load of the database server, and the network on the way to it',
};

/** Error numbers of the server, and the 2000s of client libraries. */
const BY_NUMBER: Readonly<Record<number, Trouble>> = {
  1021: { cause: 'has no space left', fix: SPACE },
  1026: { cause: 'cannot write its files', fix: SPACE },
  1030: { cause: 'cannot read or write its files', fix: SPACE },
  1037: { cause: 'is out of memory', fix: 'give the database server more memory' },
  1038: { cause: 'is out of memory', fix: 'give the database server more memory' },
  1040: { cause: 'has too many connections', fix: 'raise max_connections of the server, or stop other programs' },
  1041: { cause: 'is out of memory', fix: 'give the database server more memory' },
  1044: { cause: 'refuses this user', fix: GRANT },
  1045: { cause: 'refuses the user or the password', fix: CREDENTIALS },
  1049: { cause: 'does not exist on that server', fix: 'create it, or correct the name in DATABASE_URL' },
  1053: { cause: 'is being shut down', fix: 'start the database server' },
  1114: { cause: 'has no space left', fix: SPACE },
  1129: { cause: 'has blocked this host', fix: 'run FLUSH HOSTS on the server' },
  1130: { cause: 'refuses connections from this host', fix: 'let the user connect from this host' },
  1142: { cause: 'refuses this user', fix: GRANT },
  1203: { cause: 'has too many connections of this user', fix: 'raise max_user_connections of the server' },
  1226: { cause: 'has too many connections of this user', fix: 'raise the limit of the user' },
  1290: READ_ONLY,
  1317: { cause: 'interrupted the statement', fix: 'try again' },
  1698: { cause: 'refuses the user or the password', fix: CREDENTIALS },
  1792: READ_ONLY,
  1836: READ_ONLY,
  1927: LOST,
  1969: SILENT,
  2006: LOST,
  2013: LOST,
  3024: SILENT,
  3100: { cause: 'refused the commit', fix: 'see the log of the database server' },
  4031: LOST,
};

const UNREACHABLE = 'check host and port in DATABASE_URL, and that the server is running';

/** Codes of sockets, resolvers and the driver. */
const BY_CODE: Readonly<Record<string, Trouble>> = {
  PROTOCOL_CONNECTION_LOST: LOST,
  PROTOCOL_SEQUENCE_TIMEOUT: SILENT,
  ECONNRESET: LOST,
  EPIPE: LOST,
  ECONNREFUSED: { cause: 'refuses connections', fix: UNREACHABLE },
  ENOTFOUND: { cause: 'is on a host whose name does not resolve', fix: 'correct the host in DATABASE_URL' },
  EAI_AGAIN: { cause: 'is on a host whose name does not resolve now', fix: 'check the resolver of this machine' },
  ETIMEDOUT: SILENT,
  EHOSTUNREACH: { cause: 'is on a host that cannot be reached', fix: UNREACHABLE },
  ENETUNREACH: { cause: 'is on a host that cannot be reached', fix: UNREACHABLE },
  ENOENT: { cause: 'has no socket at that path', fix: UNREACHABLE },
  HANDSHAKE_NO_SSL_SUPPORT: { cause: 'does not speak TLS', fix: 'leave ssl out of DATABASE_URL' },
  HANDSHAKE_SSL_ERROR: { cause: 'shows a certificate that is not trusted', fix: 'correct its certificate' },
};

/** The trouble behind an error, or null when it is about a statement and not about the server. */
function troubleOf(error: unknown): Trouble | null {
  if (!(error instanceof Error)) return null;
  // The driver numbers errors of sockets as the system does: negative.
  if ('errno' in error && typeof error.errno === 'number' && error.errno > 0) {
    const known = BY_NUMBER[error.errno];
    if (known !== undefined) return known;
  }
  if ('code' in error && typeof error.code === 'string') return BY_CODE[error.code] ?? (isFatal(error) ? LOST : null);
  return isFatal(error) ? LOST : null;
}

function isFatal(error: Error): boolean {
  return 'fatal' in error && error.fatal === true;
}

/** Trouble with the server becomes `db_unavailable`; everything else passes as it is. */
export function asUnavailable(name: string, error: unknown): unknown {
  if (error instanceof AppError || isConflict(error)) return error;
  const trouble = troubleOf(error);
  return trouble === null ? error : unavailable(name, trouble, error);
}

export function unavailable(name: string, trouble: Trouble, cause?: unknown): AppError {
  return new AppError('db_unavailable', `the database ${name} ${trouble.cause}`, { fix: trouble.fix, cause });
}

/** The answer to COMMIT never came, or says nothing about what became of it. */
export function outcomeUnknown(name: string, cause: unknown): AppError {
  return new AppError('db_unavailable', `the database ${name} did not say whether it kept a change`, {
    fix: 'send the change again if that does no harm',
    details: { outcome: 'unknown' },
    cause,
  });
}

/** The same trouble when the database is opened: `database_unusable`. */
export function asUnusable(name: string, error: unknown): unknown {
  if (error instanceof AppError && error.code !== 'db_unavailable') return error;
  const origin = error instanceof AppError ? (error.cause ?? error) : error;
  const trouble =
    troubleOf(origin) ?? (error instanceof AppError ? { cause: tail(error, name), fix: error.fix ?? PRIMARY } : null);
  return trouble === null ? error : unusable(name, trouble, origin);
}

export function unusable(name: string, trouble: Trouble, cause?: unknown): AppError {
  return new AppError('database_unusable', `database ${name} ${trouble.cause}`, { fix: trouble.fix, cause });
}

function tail(error: AppError, name: string): string {
  return error.message.replace(`the database ${name} `, '');
}
