/** What the rows of the table are measured with: targets, our client, the yardstick, each a process of its own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProofContext } from '../topic.ts';
import type { ClientMeasured, ClientOptions, Work } from './client.ts';
import { whole } from './closed-loop.ts';
import { createIdentities, type KeyKind } from './identities.ts';
import type { Measured } from './measured.ts';
import { PRODUCT_FLAGS } from './product.ts';
import { type Program, runProgram, startProgram } from './program.ts';
import type { TargetOptions, TargetStats, TargetWords } from './target.ts';
import { NEW_HOST } from './urls.ts';
import type { YardstickOptions } from './yardstick.ts';

export type Site = {
  keys: KeyKind | null;
  bytes: number;
  delayMs: number;
};

/** A running target and what a client must know of it. */
export type Target = Pick<ClientOptions, 'origins' | 'ca' | 'impostor' | 'bytes'> & {
  control: string;
  /** For checks that each go to a host never seen before; null for plain HTTP. */
  newHosts: readonly string[] | null;
  stats(): Promise<TargetStats>;
  stop(): Promise<void>;
};

export type OursOptions = {
  work: Work;
  keyword?: string;
  timeoutMs?: number;
  measuresTtfb?: boolean;
  descriptors?: number;
  /** Folder for CPU profiles. */
  profiles?: string;
};

export type Stage = Pick<ProofContext, 'long' | 'rounds' | 'signal' | 'progress'> & {
  /** For files of the run. */
  folder: string;
};

const LIMIT_MS = 240_000;
const TARGET_LIMIT_MS = 1_800_000;
const TIMEOUT_MS = 60_000;

/** Linux answers on all of 127/8; elsewhere one address stands for all, which is enough for a short run. */
const HAS_ALL_LOOPBACK = process.platform === 'linux';
const PLAIN_ADDRESSES = 8;
/** Hosts with a certificate of their own each. */
const SECURE_ADDRESSES = 32;

/** One check and its end: from then on code is read from the cache, as in every later start of the product. */
export async function warmCompileCache(stage: Stage): Promise<void> {
  const target = await startTarget(stage, { keys: null, bytes: 1_024, delayMs: 0 });
  try {
    await runOurs(stage, target, { work: { kind: 'closed', loop: whole(1, 1) } });
  } finally {
    await target.stop();
  }
}

export async function startTarget(stage: Stage, site: Site): Promise<Target> {
  const { keys, ...page } = site;
  const addresses = addressesOf(keys === null ? PLAIN_ADDRESSES : SECURE_ADDRESSES);
  const files = keys === null ? null : await writeIdentities(stage, keys, addresses);
  const more = keys === null ? [] : ['127.0.0.1', '127.0.0.1'];
  const input: TargetOptions = {
    ...page,
    addresses: [...addresses, ...more],
    identities: files === null ? null : files.identities,
  };
  const { signal } = stage;
  const program = startProgram({ file: 'target.ts', input, core: 'first', limitMs: TARGET_LIMIT_MS, signal });
  try {
    return targetOf(program, site, (await program.next()) as TargetWords, files?.ca ?? null);
  } catch (error) {
    await program.stop();
    throw error;
  }
}

function targetOf(program: Program, { bytes, keys }: Site, words: TargetWords, ca: string | null): Target {
  const { origins, control } = words;
  const [impostor = null, anyHost] = keys === null ? [] : origins.splice(-2);
  return {
    origins,
    control,
    ca,
    impostor,
    bytes,
    newHosts: anyHost === undefined ? null : [anyHost.replace('127.0.0.1', `h${NEW_HOST}.new.localhost`)],
    stats: async () => (await (await fetch(`${control}/stats`)).json()) as TargetStats,
    stop: program.stop,
  };
}

function addressesOf(count: number): string[] {
  return Array.from({ length: count }, (_, index) => (HAS_ALL_LOOPBACK ? `127.0.0.${index + 1}` : '127.0.0.1'));
}

/** One for each address, then the impostor's, then one for names that are made up as they are asked for. */
async function writeIdentities({ folder }: Stage, keys: KeyKind, addresses: readonly string[]) {
  const { caPem, hosts } = await createIdentities(keys, [...addresses, 'elsewhere.example', '*.new.localhost']);
  const files = { identities: join(folder, `${keys}.json`), ca: join(folder, `${keys}.pem`) };
  await writeFile(files.identities, JSON.stringify(hosts), { mode: 0o600 });
  await writeFile(files.ca, caPem);
  return files;
}

export function runOurs(stage: Stage, target: Target, options: OursOptions): Promise<ClientMeasured> {
  return resultOf(startOurs(stage, target, options));
}

/** Lets a client come to its end by itself, so that profiles are written. */
export async function resultOf(program: Program): Promise<ClientMeasured> {
  try {
    await program.next();
    const measured = (await program.next()) as ClientMeasured;
    await program.ended();
    return measured;
  } finally {
    await program.stop();
  }
}

/** Says when the work begins, and then what was measured. */
export function startOurs({ signal }: Stage, target: Target, options: OursOptions): Program {
  const { origins, ca, impostor, bytes } = target;
  const input: ClientOptions = {
    work: options.work,
    origins,
    control: options.measuresTtfb ? target.control : null,
    ca,
    impostor,
    bytes,
    keyword: options.keyword ?? null,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
  };
  const { descriptors, profiles } = options;
  return startProgram({
    file: 'client.ts',
    input,
    core: 'second',
    ...(descriptors === undefined ? {} : { descriptors }),
    nodeOptions: [...PRODUCT_FLAGS, ...(profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`])],
    limitMs: LIMIT_MS,
    signal,
  });
}

export function runYardstick(
  { signal }: Stage,
  { origins, ca, impostor, bytes }: Target,
  loop: YardstickOptions['loop'],
): Promise<Measured> {
  const input: YardstickOptions = { loop, origins, ca, impostor, bytes };
  return runProgram({ file: 'yardstick.ts', input, core: 'second', limitMs: LIMIT_MS, signal });
}
