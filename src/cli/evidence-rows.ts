/** Evidence as rows for a terminal: everything that was seen, each fact on a line. The texts are not escaped yet. */
import type {
  AddressEvidence,
  BodyEvidence,
  CertificateEvidence,
  DnsEvidence,
  Evidence,
  HopEvidence,
  TlsEvidence,
} from '../domain/evidence.ts';

/** A row whose label is empty continues the one above. */
export type EvidenceRow = readonly [label: string, text: string];

const MAX_SHOWN_ADDRESSES = 6;
const MAX_SHOWN_NAMES = 3;
const MAX_SHOWN_VALUE = 200;
const MAX_SHOWN_EXCERPT = 400;

export function evidenceRows(evidence: Evidence): EvidenceRow[] {
  const last = evidence.hops.at(-1);
  const rows: EvidenceRow[] = [['asked', askedText(evidence)]];
  if (evidence.hops.length > 1) rows.push(...labelled('redirects', evidence.hops.map(hopText)));
  if (last !== undefined) rows.push(...hopRows(last));
  if (evidence.body !== null && evidence.body.mode !== 'skipped') rows.push(...bodyRows(evidence.body));
  rows.push(...outcomeRows(evidence));
  if (evidence.voided_runs > 0) rows.push(['run again', `${evidence.voided_runs} times, because this machine paused`]);
  return rows;
}

function askedText({ method, detection_profile, redirect_policy }: Evidence): string {
  const redirects = redirect_policy === 'follow' ? '' : `, redirects: ${redirect_policy}`;
  return `${method}, profile ${detection_profile}${redirects}`;
}

function hopText({ url, http_code, address, protocol, timings_ms, tls }: HopEvidence): string {
  const took = timings_ms.total === undefined ? null : `${timings_ms.total.toFixed(1)} ms`;
  const facts = [http_code ?? 'no reply', address, protocol, tls?.version ?? null, took];
  return `${url.slice(0, MAX_SHOWN_VALUE)} (${facts.filter((fact) => fact !== null).join(', ')})`;
}

function hopRows(hop: HopEvidence): EvidenceRow[] {
  const rows: EvidenceRow[] = [];
  if (hop.dns !== null) rows.push(['resolver', dnsText(hop.dns)]);
  if (hop.addresses.length > 0) rows.push(['address', addressText(hop)]);
  if (hop.tls !== null) rows.push(...tlsRows(hop.tls));
  if (hop.protocol !== null) rows.push(['protocol', hop.protocol]);
  rows.push(...labelled('headers', hop.headers.map(headerText)));
  return rows;
}

function dnsText({ name, resolver, source, error_kind }: DnsEvidence): string {
  const said = error_kind === null ? '' : `: ${error_kind} for ${name}`;
  return `${resolver} (${source === 'configured' ? 'CHECK_DNS_RESOLVERS' : 'of this machine'})${said}`;
}

function addressText(hop: HopEvidence): string {
  const others = hop.addresses.filter((attempt) => attempt.address !== hop.address);
  const dialled = hop.addresses.some((attempt) => attempt.outcome === 'failed');
  const used = hop.address ?? (dialled ? 'none answered' : 'none was dialled');
  if (others.length === 0) return used;
  const shown = others.slice(0, MAX_SHOWN_ADDRESSES).map(attemptText).join(', ');
  const more = others.length - MAX_SHOWN_ADDRESSES;
  return `${used}; ${hop.address === null ? 'found' : 'also found'}: ${shown}${more > 0 ? `, and ${more} more` : ''}`;
}

function attemptText(attempt: AddressEvidence): string {
  return attempt.outcome === 'not_tried' ? attempt.address : `${attempt.address} (${attempt.error ?? attempt.outcome})`;
}

function tlsRows(tls: TlsEvidence): EvidenceRow[] {
  const alpn = tls.alpn === null ? '' : `, ${tls.alpn}`;
  const staple = tls.ocsp_staple === 'none' ? 'no OCSP staple' : `OCSP staple: ${tls.ocsp_staple}`;
  const verified = tls.verify_error === null ? 'chain and name verified' : `NOT verified: ${tls.verify_error}`;
  const [leaf] = tls.certificates;
  const rows: EvidenceRow[] = [
    ['TLS', `${tls.version}, ${tls.cipher}${alpn}; ${staple}`],
    ['verified', verified],
    ...labelled('certificates', tls.certificates.map(certificateText)),
  ];
  if (leaf !== undefined) rows.push(['leaf', `serial ${leaf.serial}; SHA-256 ${leaf.fingerprint_sha256}`]);
  return rows;
}

function certificateText({
  names,
  subject,
  issuer,
  not_before,
  not_after,
  key,
  signature,
}: CertificateEvidence): string {
  const shown = names.slice(0, MAX_SHOWN_NAMES).join(', ') || subject;
  const more = names.length > MAX_SHOWN_NAMES ? ` and ${names.length - MAX_SHOWN_NAMES} more` : '';
  const signed = signature === null ? '' : `, ${signature}`;
  return `${shown}${more}; by ${issuer}; ${not_before.slice(0, 10)} to ${not_after.slice(0, 10)}; ${key}${signed}`;
}

function headerText([name, value]: HopEvidence['headers'][number]): string {
  return `${name}: ${cut(value, MAX_SHOWN_VALUE)}`;
}

function bodyRows(body: BodyEvidence): EvidenceRow[] {
  const of = body.expected_bytes === undefined ? '' : ` of ${body.expected_bytes}`;
  const end = body.complete ? 'whole' : (STOPS[body.stopped_by ?? ''] ?? 'broken off');
  const encoding = body.encoding === 'identity' ? '' : `, ${body.encoding}`;
  const rows: EvidenceRow[] = [['body read', `${body.bytes_read}${of} bytes, ${end}${encoding} (${body.mode})`]];
  if (body.sha256 !== null) rows.push(['sha256', body.sha256]);
  if (body.excerpt !== null && body.excerpt !== '') rows.push(['starts with', excerptText(body.excerpt)]);
  return rows;
}

/** Evidence holds line breaks as `\u000a`, which is correct and hard to read. */
function excerptText(excerpt: string): string {
  return cut(excerpt.replaceAll('\\u000d\\u000a', '\\n').replaceAll('\\u000a', '\\n'), MAX_SHOWN_EXCERPT);
}

function cut(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}...` : text;
}

const STOPS: Readonly<Record<string, string>> = {
  byte_budget: 'more is not read',
  time_budget: 'not awaited to its end',
  found: 'what is looked for was found',
  ratio: 'stopped: it unpacks to far more than it is',
};

function outcomeRows({ error, error_code, failure_class, detector_class, keyword_rule }: Evidence): EvidenceRow[] {
  const rows: EvidenceRow[] = [];
  if (error !== null) rows.push(['error', `${error.phase}: ${error.code}`]);
  if (error !== null && error.detail !== '') rows.push(['', error.detail]);
  if (keyword_rule !== null) rows.push(['keyword rule', keyword_rule]);
  rows.push(['class', `${detector_class} (code ${error_code}, ${failure_class})`]);
  return rows;
}

function labelled(label: string, texts: readonly string[]): EvidenceRow[] {
  return texts.map((text, index) => [index === 0 ? label : '', text]);
}
