/** `VERIFIERS` of the configuration: its schema, what is wrong with it in words that hold no secret, and what it makes. */
import { z } from 'zod';
import { quorumOf, regionsOf } from '../domain/quorum.ts';
import { nearest } from '../lib/nearest.ts';
import { schemaProblem } from '../lib/schema-problem.ts';
import type { VerifierEntry, VerifierTls } from '../verifier/client.ts';
import { formatAddress, parseAddress, unmapped } from '../wire/ip-address.ts';
import { readCertificates, readPrivateKey } from './pem-files.ts';

export const MAX_VERIFIERS = 32;

const name = z.string().regex(/^[\x20-\x7e]{1,100}$/, 'Up to 100 plain characters');
const path = z.string().min(1);

const TlsSchema = z.strictObject({
  ca_file: path.optional(),
  cert_file: path.optional(),
  key_file: path.optional(),
  server_name: z.string().min(1).max(253).optional(),
});

const MemberSchema = z.strictObject({
  name: name.optional(),
  host: z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, 'A host name or an IP address'),
  port: z.int().min(1).max(65_535),
  auth_token: z.string().regex(/^[\x21-\x7e]{1,512}$/),
  region: name.optional(),
  tls: TlsSchema.optional(),
});

/** One verifier as it stands in the file: `grpc_port` is an older name of `port`, which may be digits in quotes. */
export const VerifierSchema = z.preprocess((value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { grpc_port: older, ...member } = value as Record<string, unknown>;
  const port = member['port'] ?? older;
  if (port === undefined) return member;
  return { ...member, port: typeof port === 'string' && /^\d{1,5}$/.test(port) ? Number(port) : port };
}, MemberSchema);

export type VerifierMember = z.output<typeof VerifierSchema>;

/** Members whose value may be shown to say what is wrong with it. */
const SHOWN: readonly unknown[] = ['name', 'host', 'port', 'region', 'ca_file', 'cert_file', 'key_file', 'server_name'];

/** What the schema found wrong in `VERIFIERS`, by place. Shows no value that could be or hold a secret. */
export function verifierProblem(issue: z.core.$ZodIssue, raw: unknown): string {
  const place = issue.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
  return `${place.slice(1)}: ${problemAt(issue, valueAt(raw, issue.path))}.`;
}

function problemAt(issue: z.core.$ZodIssue, value: unknown): string {
  const member = issue.path.at(-1);
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys((member === 'tls' ? TlsSchema : MemberSchema).shape);
    return `unknown member ${issue.keys.map((key) => `"${key}"${didYouMean(key, known)}`).join(', ')}`;
  }
  if (value === undefined) return 'it is required';
  if (member === 'auth_token') return 'it must be 1 to 512 plain characters without spaces';
  if (typeof value !== 'object' && SHOWN.includes(member)) return schemaProblem({ ...issue, path: [] }, value);
  if (issue.code === 'too_big') return `there are more than ${MAX_VERIFIERS}`;
  return `it is not ${issue.code === 'invalid_type' ? (KINDS[issue.expected] ?? issue.expected) : 'valid'}`;
}

const KINDS: Readonly<Record<string, string>> = { array: 'a JSON list', object: 'an object', string: 'a text' };

/** The port also where it stands under its older name. */
function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  const parent = path.slice(0, -1).reduce<unknown>((at, step) => (at as Members | null)?.[step], raw) as Members | null;
  const last = path.at(-1) ?? '';
  return parent?.[last] ?? (last === 'port' ? parent?.['grpc_port'] : undefined);
}

type Members = Readonly<Record<PropertyKey, unknown>>;

function didYouMean(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  return guess === null ? '' : ` (did you mean ${guess}?)`;
}

export type VerifierSetup = {
  verifiers: VerifierEntry[];
  /** Regions that must agree; 0 without verifiers. */
  quorum: number;
  /** One plain line each. */
  notices: string[];
  problems: string[];
};

/** The whole of it. `bindSource`: the address of ours that they are asked from. `isOlder`: the quorum stood under its older name, which was often larger than what there is. */
export function setUpVerifiers(
  members: readonly VerifierMember[],
  wanted: { quorum: number; isOlder: boolean } | null,
  bindSource: string | null = null,
): VerifierSetup {
  const named = members.map((member) => ({ ...member, name: member.name ?? `${member.host}:${member.port}` }));
  const problems = [
    ...twice(named, ({ name }) => name).map((name) => `VERIFIERS: there is more than one "${name}".`),
    ...twice(named, ({ host, port }) => `${machineOf(host)}:${port}`).map(
      (at) => `VERIFIERS: ${at} stands there more than once; one machine would have more than one say.`,
    ),
    ...named.flatMap(({ host }, at) => otherFamily(host, at, bindSource)),
    ...named.flatMap(({ tls }, at) =>
      (tls?.cert_file === undefined) === (tls?.key_file === undefined)
        ? []
        : [`VERIFIERS[${at}].tls: cert_file and key_file go together.`],
    ),
  ];
  const placed = named.map((member) => ({ ...member, region: member.region ?? member.name }));
  const regions = regionsOf(placed).length;
  if (wanted !== null && !wanted.isOlder && regions > 0 && wanted.quorum > regions) {
    const there = `${regions} ${regions === 1 ? 'region' : 'regions'} that VERIFIERS has${shared(placed)}`;
    problems.push(`VERIFIER_QUORUM: ${wanted.quorum} is more than the ${there}.`);
  }
  const quorum = regions === 0 ? 0 : quorumOf(regions, wanted?.quorum ?? null);
  const verifiers = problems.length > 0 ? [] : named.map(entryOf);
  const notices = [...noticesFor(placed, quorum, wanted), ...notApart(placed)];
  return { verifiers, quorum, notices, problems };
}

/** What a name resolves to is known only when it is asked. */
function otherFamily(host: string, at: number, bindSource: string | null): string[] {
  const families = [host, bindSource ?? ''].map((text) => parseAddress(text)?.length ?? null);
  if (families[0] === families[1] || families.includes(null)) return [];
  return [
    `VERIFIERS[${at}].host: ${host} cannot be reached from BIND_SOURCE ${bindSource}, which is of the other family.`,
  ];
}

/** One spelling of a host: names end without a dot, addresses stand as they are on the wire. */
function machineOf(host: string): string {
  const address = parseAddress(host);
  return address === null ? host.toLowerCase().replace(/\.$/, '') : formatAddress(unmapped(address));
}

type Placed = VerifierMember & { name: string; region: string };

/** What makes the say of several that of one. Never shows a token. */
function notApart(members: readonly Placed[]): string[] {
  const sameToken = groupsOf(members, ({ auth_token }) => auth_token).map(
    ([, same]) =>
      `VERIFIERS: ${namesOf(same)} have the same auth_token: who holds it can answer for each of them. Give each its own.`,
  );
  const sameMachine = groupsOf(members, ({ host }) => machineOf(host)).flatMap(([machine, same]) => {
    const regions = regionsOf(same).length;
    const words = `are ${same.length === 2 ? 'both' : 'all'} on ${machine} and count as ${regions} regions`;
    return regions < 2
      ? []
      : [`VERIFIERS: ${namesOf(same)} ${words}: one machine has more than one say. Give them one region.`];
  });
  return [...sameToken, ...sameMachine];
}

/** In brackets, who has one say together; empty when each has its own. */
function shared(members: readonly Placed[]): string {
  const words = groupsOf(members, ({ region }) => region).map(([region, same]) => `${namesOf(same)} share ${region}`);
  return words.length === 0 ? '' : ` (${words.join('; ')})`;
}

function namesOf(members: readonly Placed[]): string {
  const names = members.map(({ name }) => name);
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** Of those that are more than one. */
function groupsOf<T>(members: readonly T[], of: (member: T) => string): [key: string, same: T[]][] {
  return [...Map.groupBy(members, of)].filter(([, same]) => same.length > 1);
}

function twice<T>(members: readonly T[], of: (member: T) => string): string[] {
  return groupsOf(members, of).map(([key]) => key);
}

function entryOf(member: VerifierMember & { name: string }, at: number): VerifierEntry {
  const { name, host, port, auth_token, region = name, tls } = member;
  return { name, region, host, port, authToken: auth_token, tls: tls === undefined ? null : pemsOf(tls, at) };
}

function pemsOf(tls: z.output<typeof TlsSchema>, at: number): VerifierTls {
  const place = `VERIFIERS[${at}].tls`;
  const { ca_file, cert_file, key_file, server_name } = tls;
  const certPem = cert_file === undefined ? null : readCertificates(`${place}.cert_file`, cert_file);
  return {
    caPem: ca_file === undefined ? null : readCertificates(`${place}.ca_file`, ca_file),
    certPem,
    keyPem: key_file === undefined || certPem === null ? null : readPrivateKey(`${place}.key_file`, key_file, certPem),
    serverName: server_name ?? null,
  };
}

function noticesFor(
  members: readonly Placed[],
  quorum: number,
  wanted: { quorum: number; isOlder: boolean } | null,
): string[] {
  const regions = regionsOf(members).length;
  const who = shared(members);
  // A set-up of its own kind, and the first that everybody has.
  if (regions === 0) return [];
  const notices: string[] = [];
  if (wanted?.isOlder === true && wanted.quorum > regions)
    notices.push(`PEER_OFFLINE_LIMIT is ${wanted.quorum}, VERIFIERS has ${regions} regions: all of them must agree.`);
  if (regions === 1)
    notices.push(`VERIFIERS has one region${who}: it has the last word, and nobody finds out if it is wrong.`);
  else if (quorum === regions)
    notices.push(`All ${regions} regions of VERIFIERS must agree${who}: while one is silent, no outage is confirmed.`);
  else if (quorum * 2 <= regions)
    notices.push(`${quorum} of ${regions} regions of VERIFIERS are enough: fewer than half can confirm an outage.`);
  return notices;
}
