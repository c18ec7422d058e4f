/** Servers that shake hands well and show a certificate that is not good, or only looks bad. */
import type { IdentityName } from '../../kit/hostile-certificates.ts';
import type { TlsScript } from '../../kit/tls-tap.ts';
import type { Draw } from '../draw.ts';
import { at, down, type Expected, type HostileClass, up } from '../hostile-class.ts';
import { okPage } from './reply.ts';

const fine = up({ httpCode: 200, tls: { verify_error: null } });

function bad(reason: string, ...codes: string[]): Expected {
  return down(reason, at('tls', ...codes));
}

const wrongName = bad('tls_wrong_host', 'ERR_TLS_CERT_ALTNAME_INVALID');

/** The request must never be sent where the certificate is not good. */
export function showing(
  id: string,
  what: string,
  identity: IdentityName,
  expected: Expected,
  { host, script = {} }: { host?: (draw: Draw) => string; script?: TlsScript } = {},
): HostileClass {
  return {
    id,
    family: 'tls',
    what,
    expected,
    serve: (draw) =>
      draw.securePage(
        identity,
        (talk) => {
          if (expected.reason !== 'ok') draw.violation('a request was sent over a connection that was not verified');
          talk.end(okPage());
        },
        script,
        host?.(draw),
      ),
  };
}

const named = { host: (draw: Draw) => draw.name(['127.0.0.1']) };
const OLD = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;

export const CERTIFICATE_CLASSES: HostileClass[] = [
  showing('expired', 'shows an expired certificate', 'expired', bad('tls_expired', 'CERT_HAS_EXPIRED')),
  showing(
    'not-yet-valid',
    'shows a certificate of tomorrow',
    'notYetValid',
    bad('tls_not_yet_valid', 'CERT_NOT_YET_VALID'),
  ),
  showing('wrong-name', 'shows the certificate of another site', 'wrongName', wrongName, named),
  showing('wrong-address', 'shows a certificate for another address', 'wrongAddress', wrongName),
  showing('wildcard-too-deep', 'shows a wildcard for one label where two stand', 'deepWildcard', wrongName, named),
  showing('wildcard-in-label', 'shows a wildcard for a part of a label', 'partialWildcard', wrongName, named),
  showing('common-name-alone', 'names its host in the subject and nowhere else', 'commonNameAlone', wrongName, {
    host: () => 'localhost',
  }),
  showing('nul-in-certificate-name', 'hides the end of a name behind NUL', 'nulInName', wrongName, named),
  showing(
    'self-signed',
    'shows a certificate it signed itself',
    'selfSigned',
    bad('tls_self_signed', 'DEPTH_ZERO_SELF_SIGNED_CERT'),
  ),
  showing(
    'strange-root',
    'sends the root of its own authority along',
    'strangeRootSent',
    bad('tls_untrusted', 'SELF_SIGNED_CERT_IN_CHAIN'),
  ),
  showing(
    'strange-intermediate',
    'sends an intermediate of an authority that nobody knows',
    'strangeIntermediate',
    bad('tls_untrusted', 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'UNABLE_TO_GET_ISSUER_CERT'),
  ),
  showing(
    'missing-intermediate',
    'leaves out its intermediate',
    'missingIntermediate',
    bad('tls_untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
  ),
  showing(
    'expired-intermediate',
    'sends an intermediate that has expired',
    'expiredIntermediate',
    bad('tls_expired', 'CERT_HAS_EXPIRED'),
  ),
  showing(
    'issuer-no-authority',
    'lets a leaf sign its certificate',
    'issuerIsNoAuthority',
    bad('tls_untrusted', 'INVALID_CA', 'INVALID_PURPOSE', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'),
  ),
  showing(
    'issuer-may-not-sign',
    'lets an authority sign that may not',
    'issuerMayNotSign',
    bad('tls_untrusted', 'KEYUSAGE_NO_CERTSIGN', 'INVALID_CA', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'UNSPECIFIED'),
  ),
  showing(
    'path-too-long',
    'puts an authority below the last that is allowed',
    'pathTooLong',
    bad('tls_untrusted', 'PATH_LENGTH_EXCEEDED'),
  ),
  showing(
    'outside-name-constraint',
    'shows a name its authority may not vouch for',
    'outsideNameConstraint',
    bad('tls_untrusted', 'PERMITTED_VIOLATION', 'UNSPECIFIED'),
    named,
  ),
  showing(
    'for-clients-only',
    'shows a certificate for clients',
    'forClientsOnly',
    bad('tls_untrusted', 'INVALID_PURPOSE'),
  ),
  showing(
    'unknown-critical-extension',
    'shows a certificate with a critical extension that means nothing',
    'unknownCriticalExtension',
    bad('tls_untrusted', 'UNHANDLED_CRITICAL_EXTENSION', 'UNSPECIFIED'),
  ),
  showing(
    'broken-signature',
    'shows a certificate whose signature is wrong',
    'brokenSignature',
    bad('tls_untrusted', 'CERT_SIGNATURE_FAILURE'),
  ),
  showing('weak-key', 'shows a certificate with an RSA key of 1024 bits', 'weakKey', fine, {
    script: { ciphers: 'DEFAULT@SECLEVEL=0' },
  }),
  showing('deep-chain', 'sends a good chain of twelve intermediates', 'deepChain', fine),
  showing('padded-chain', 'sends forty certificates that have nothing to do with it', 'paddedChain', fine),
  showing(
    'chain-over-limit',
    'sends more certificates than a handshake may have',
    'chainOverLimit',
    bad('tls_failed', 'ERR_SSL_EXCESSIVE_MESSAGE_SIZE'),
  ),
  showing('thousand-names', 'shows a certificate for a thousand names', 'thousandNames', fine),
  {
    ...showing(
      'hostile-names',
      'writes markup, escape sequences and line ends into its certificate',
      'hostileText',
      wrongName,
      named,
    ),
    family: 'text',
  },
  showing(
    'old-version',
    'speaks TLS 1.0 or 1.1 at most',
    'good',
    { ...fine, also: { tls_deprecated: 'tls_deprecated' } },
    { script: OLD },
  ),
  showing(
    'old-version-and-expired',
    'speaks TLS 1.0 or 1.1 at most and has expired',
    'expired',
    bad('tls_expired', 'CERT_HAS_EXPIRED'),
    { script: OLD },
  ),
  showing(
    'junk-staple',
    'staples what is no OCSP response',
    'good',
    { ...fine, tls: { verify_error: null, ocsp_staple: 'unreadable' } },
    {
      script: { ocspStaple: Buffer.from('this is no DER') },
    },
  ),
  showing('asks-again-for-key-share', 'asks for another key exchange first', 'good', fine, {
    script: { ecdhCurve: 'P-384', minVersion: 'TLSv1.3' },
  }),
];
