/** The file of the verifier before this one (spec/03 section 10.1): its token and its port are taken as they are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../domain/errors.ts';
import { parseJson } from '../lib/json.ts';

export type VeriflierFile = { path: string; authToken: string | null; port: number | null };

type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_FILE = join('config', 'veriflier.json');

/** Null when there is none. Throws AppError `invalid_config` for one that cannot be used. */
export function readVeriflierFile(env: Env): VeriflierFile | null {
  const named = env['VERIFLIER_CONFIG'];
  const path = named || DEFAULT_FILE;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !named) return null;
    throw refusal(`${path} cannot be read (${code})`, 'check the path in VERIFLIER_CONFIG and the rights of the file');
  }
  const parsed = parseJson(text);
  if (!parsed.ok || parsed.value === null || typeof parsed.value !== 'object' || Array.isArray(parsed.value)) {
    throw refusal(`${path} does not hold one JSON object`, 'write { "auth_token": "...", "port": 7803 }');
  }
  const { auth_token: token = null, port, grpc_port: alias } = parsed.value as Record<string, unknown>;
  if (token !== null && typeof token !== 'string')
    throw refusal(`${path}: auth_token is not a text`, 'put it in quotes');
  return { path, authToken: token, port: portIn(port ?? alias ?? null, path) };
}

function portIn(value: unknown, path: string): number | null {
  const port = typeof value === 'string' && /^\d{1,5}$/.test(value) ? Number(value) : value;
  if (port === null || port === 0) return null;
  if (typeof port === 'number' && Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  throw refusal(`${path}: port is not a number from 1 to 65535`, 'give a whole number');
}

function refusal(words: string, fix: string): AppError {
  return new AppError('invalid_config', `the file of the verifier: ${words}`, { fix });
}
