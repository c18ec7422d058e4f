/** What a `mysql://` or `mariadb://` URL says. Nothing of it that may be secret ever enters a message. */
import { AppError } from '../../domain/errors.ts';

export type MysqlAddress = {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** Encrypted, and the certificate of the server checked. */
  tls: boolean;
  /** `host:port/name`. */
  name: string;
};

const SHAPE = 'mysql://user:password@host:3306/name';
const FIX = `write it as ${SHAPE}; characters such as @ : / # % in user and password are percent-encoded`;

export function isMysqlUrl(url: string): boolean {
  return /^(mysql|mariadb):/i.test(url);
}

/** Throws AppError `database_unsupported`. */
export function parseMysqlUrl(text: string): MysqlAddress {
  const url = URL.parse(text);
  if (url === null || !isMysqlUrl(text) || url.hostname === '') throw refused('is not a URL of a MySQL database');
  if (url.hash !== '') throw refused('holds a # that is not percent-encoded');
  const database = decoded(url.pathname.slice(1));
  if (database === '' || database.includes('/')) throw refused('names no database after the host');
  const host = decoded(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? 3_306 : Number(url.port);
  return {
    host,
    port,
    user: decoded(url.username),
    password: decoded(url.password),
    database,
    tls: wantsTls(url.searchParams),
    name: `${host.includes(':') ? `[${host}]` : host}:${port}/${database}`,
  };
}

function wantsTls(parameters: URLSearchParams): boolean {
  for (const name of parameters.keys()) {
    if (name !== 'ssl') throw refused('has a parameter that is not known; the only one is ssl=on');
  }
  const value = parameters.get('ssl') ?? 'off';
  if (value !== 'on' && value !== 'off') throw refused('has an ssl parameter that is neither on nor off');
  return value === 'on';
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refused('holds a % that begins no percent-encoded character');
  }
}

function refused(problem: string): AppError {
  return new AppError('database_unsupported', `DATABASE_URL ${problem}`, { fix: FIX });
}
