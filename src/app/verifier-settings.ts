/** What a verifier process runs on: what was asked for, then the configuration, then the file of the verifier before it. */
import { hostname } from 'node:os';
import { AppError } from '../domain/errors.ts';
import type { VerifierOptions } from '../verifier/server.ts';
import type { Config } from './config.ts';
import { readCertificates, readPrivateKey } from './pem-files.ts';
import { readVeriflierFile, type VeriflierFile } from './veriflier-file.ts';

export type VerifierSettings = Pick<VerifierOptions, 'authTokens' | 'tls'> & {
  port: number;
  /** Null: every address. */
  bind: string | null;
  name: string;
  /** Things a person should know. One plain line each. */
  notices: string[];
};

const DEFAULT_PORT = 7_803;
const GUESSABLE_LENGTH = 16;

/** `port` is the one that was asked for; null for none. Throws AppError `invalid_config`. */
export function verifierSettings(
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
  port: number | null,
): VerifierSettings {
  const file = readVeriflierFile(env);
  const authTokens = tokensOf(config, file);
  const tls = tlsOf(config);
  const bind = config.VERIFIER_BIND ?? null;
  return {
    authTokens,
    tls,
    port: port ?? config.VERIFIER_PORT ?? portOf(file),
    bind,
    name: config.VERIFIER_NAME ?? hostname(),
    notices: [
      ...(file === null ? [] : [`${file.path}: token and port are taken from it where nothing else says them.`]),
      ...(authTokens.some((token) => token.length < GUESSABLE_LENGTH)
        ? [`VERIFIER_AUTH_TOKEN: shorter than ${GUESSABLE_LENGTH} characters, which can be guessed.`]
        : []),
      ...(tls === null && bind !== '127.0.0.1' && bind !== '::1' && bind !== 'localhost'
        ? [
            'plaintext: who is on the path can read the URLs and headers of sites; set VERIFIER_TLS_CERT_FILE and its key.',
          ]
        : []),
    ],
  };
}

function tokensOf({ VERIFIER_AUTH_TOKEN: given }: Config, file: VeriflierFile | null): string[] {
  const tokens = given?.split(',') ?? [file?.authToken ?? ''];
  const known = tokens.map((token) => token.trim()).filter((token) => token !== '');
  if (known.some((token) => !/^[\x20-\x7e]+$/.test(token))) {
    throw new AppError('invalid_config', 'VERIFIER_AUTH_TOKEN: a token holds a character that no header can carry', {
      fix: 'use letters, digits and punctuation of ASCII',
    });
  }
  if (known.length > 0) return known;
  throw new AppError(
    'invalid_config',
    'VERIFIER_AUTH_TOKEN: there is no token, so that anybody could have sites probed',
    {
      fix: 'set it to a long random text, the same here and in the monitors, such as that of `openssl rand -hex 32`',
    },
  );
}

/** A file that names a token and no port was never meant to get the default. */
function portOf(file: VeriflierFile | null): number {
  if (file === null) return DEFAULT_PORT;
  if (file.port !== null) return file.port;
  throw new AppError('invalid_config', `VERIFIER_PORT: ${file.path} names no port, and nothing else does`, {
    fix: `put "port": ${DEFAULT_PORT} into it, or set VERIFIER_PORT`,
  });
}

function tlsOf(config: Config): VerifierSettings['tls'] {
  const { VERIFIER_TLS_CERT_FILE: certFile, VERIFIER_TLS_KEY_FILE: keyFile, VERIFIER_CLIENT_CA_FILE: caFile } = config;
  if (certFile !== undefined && keyFile !== undefined) {
    const certPem = readCertificates('VERIFIER_TLS_CERT_FILE', certFile);
    return {
      certPem,
      keyPem: readPrivateKey('VERIFIER_TLS_KEY_FILE', keyFile, certPem),
      clientCaPem: caFile === undefined ? null : readCertificates('VERIFIER_CLIENT_CA_FILE', caFile),
    };
  }
  if (certFile === undefined && keyFile === undefined && caFile === undefined) return null;
  const missing = certFile === undefined ? 'VERIFIER_TLS_CERT_FILE' : 'VERIFIER_TLS_KEY_FILE';
  throw new AppError('invalid_config', `${missing}: it is missing, and TLS needs certificate and key`, {
    fix: 'set VERIFIER_TLS_CERT_FILE and VERIFIER_TLS_KEY_FILE, or neither of them and no VERIFIER_CLIENT_CA_FILE',
  });
}
