/** Reads PEM files that the configuration names, and refuses by name what cannot be used. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { AppError } from '../domain/errors.ts';

/**
 * Node passes over PEM it cannot read without a word, so each certificate is read here first. `place`: the key or member
 * that names the file. Throws AppError `invalid_config`.
 */
export function readCertificates(place: string, path: string): string {
  const blocks = readText(place, path).match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) {
    throw refusal(place, `${path} holds no PEM certificate`, 'give a file with BEGIN CERTIFICATE blocks');
  }
  for (const [index, block] of blocks.entries()) {
    try {
      new X509Certificate(block);
    } catch (cause) {
      throw refusal(place, `${path}: certificate ${index + 1} cannot be read`, 'replace or remove that block', cause);
    }
  }
  return blocks.join('\n');
}

/** Throws AppError `invalid_config`, also for a key that is not the one of the first certificate. */
export function readPrivateKey(place: string, path: string, certificates: string): string {
  const pem = readText(place, path);
  let isOfCertificate: boolean;
  try {
    isOfCertificate = new X509Certificate(certificates).checkPrivateKey(createPrivateKey(pem));
  } catch (cause) {
    throw refusal(place, `${path} holds no PEM key that can be read`, 'give the key without a passphrase', cause);
  }
  if (isOfCertificate) return pem;
  throw refusal(
    place,
    `${path} is not the key of the certificate`,
    'give the pair; the certificate comes first in its file',
  );
}

function readText(place: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw refusal(place, `${path} cannot be read (${code})`, 'check the path and the rights of the file', cause);
  }
}

function refusal(place: string, words: string, fix: string, cause?: unknown): AppError {
  return new AppError('invalid_config', `${place}: ${words}`, { fix, cause });
}
