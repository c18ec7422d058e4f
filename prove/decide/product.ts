/** The program as an operator runs it, with a configuration file of its own: the server, and verifiers beside it. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startGroup } from '../../scripts/child.ts';
import { type Client, createClient } from '../../src/client/client.ts';
import { newcomerEnvironment } from '../newcomer.ts';
import type { Folder } from '../rows.ts';
import { type Running, startServer } from '../server.ts';

const READY_LIMIT_MS = 60_000;
/** Nothing here lasts longer. */
const LIFE_LIMIT_MS = 3_600_000;
const TOKEN = 'a-token-of-this-proof-alone';

export type Product = Running & {
  pid: number;
  dataDir: string;
  client: Client;
  /** The key of this machine. */
  token: string;
  /** The value of a metric without labels. */
  metric(name: string): Promise<number>;
};

export type ProductOptions = {
  /** Keys of the configuration file. */
  config: Readonly<Record<string, unknown>>;
  /** Its data folder; a new one unless it is given. */
  dataDir?: string;
};

export async function startProduct({ root, folder, signal }: Folder, options: ProductOptions): Promise<Product> {
  const dataDir = options.dataDir ?? join(folder, crypto.randomUUID());
  await mkdir(dataDir, { recursive: true });
  const file = join(dataDir, 'config.json');
  const config = { HTTP_PORT: 0, JETMON_DATA_DIR: dataDir, LOG_LEVEL: 'warn', ...options.config };
  await writeFile(file, JSON.stringify(config));
  const running = await startServer({
    program: process.execPath,
    args: [join(root, 'bin', 'jetmon2'), 'serve'],
    cwd: root,
    env: newcomerEnvironment({ JETMON_CONFIG: file }),
    limitMs: READY_LIMIT_MS,
    signal,
  });
  const { pid } = JSON.parse(await readFile(join(dataDir, 'serve.json'), 'utf8')) as { pid: number };
  const token = (await readFile(join(dataDir, 'local.key'), 'utf8')).trim();
  return {
    ...running,
    pid,
    dataDir,
    token,
    client: createClient({ baseUrl: running.origin, token }),
    async metric(name) {
      const headers = { authorization: `Bearer ${token}` };
      const page = await (await fetch(`${running.origin}/metrics`, { headers, signal })).text();
      const value = new RegExp(`^${name} (\\S+)$`, 'm').exec(page)?.[1];
      if (value === undefined) throw new Error(`the server shows no metric ${name}`);
      return Number(value);
    },
  };
}

/** What the configuration of the server says of a verifier. */
export type VerifierEntry = { name: string; region: string; host: string; port: number; auth_token: string };

type StartedVerifier = { name: string; port: number; signal(name: NodeJS.Signals): void; stop(): Promise<void> };

/** One in each region, on loopback, for as long as `run` takes. */
export async function withVerifiers<T>(
  { root, folder, signal }: Folder,
  count: number,
  env: Record<string, string>,
  run: (entries: readonly VerifierEntry[], started: readonly StartedVerifier[]) => Promise<T>,
): Promise<T> {
  const started: StartedVerifier[] = [];
  try {
    for (let nth = 1; nth <= count; nth += 1) {
      signal.throwIfAborted();
      started.push(await startVerifier(root, folder, `verifier-${nth}`, env));
    }
    const there = { host: '127.0.0.1', auth_token: TOKEN };
    const entries = started.map(({ name, port }) => ({ name, region: `region-of-${name}`, port, ...there }));
    return await run(entries, started);
  } finally {
    await Promise.all(started.map((one) => one.stop()));
  }
}

async function startVerifier(
  root: string,
  folder: string,
  name: string,
  env: Record<string, string>,
): Promise<StartedVerifier> {
  const group = startGroup(
    process.execPath,
    [join(root, 'bin', 'jetmon2'), 'verifier', '--port', '0', '--json'],
    {
      cwd: folder,
      env: newcomerEnvironment({ VERIFLIER_AUTH_TOKEN: TOKEN, EGRESS_ALLOW: '127.0.0.0/8', ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
    LIFE_LIMIT_MS,
  );
  let words = '';
  for (const stream of [group.child.stdout, group.child.stderr])
    stream?.on('data', (chunk: Buffer) => (words = (words + String(chunk)).slice(-2_000)));
  let ended = false;
  const end = group.ended.finally(() => {
    ended = true;
  });
  const stop = async (): Promise<void> => {
    group.signal('SIGTERM');
    await Promise.race([end, delay(5_000, undefined, { ref: false })]);
    group.signal('SIGKILL');
    await end;
  };
  const untilMs = performance.now() + READY_LIMIT_MS;
  let port = portIn(words);
  while (port === null) {
    if (ended) throw new Error(`${name} ended before it listened: ${words}`);
    if (performance.now() > untilMs) {
      await stop();
      throw new Error(`${name} did not listen in time: ${words}`);
    }
    await delay(20);
    port = portIn(words);
  }
  return { name, port, signal: group.signal, stop };
}

/** The port that a verifier says it listens on; null: it has not said it yet. */
function portIn(words: string): number | null {
  const port = /"port":(\d+)/.exec(words)?.[1];
  return port === undefined ? null : Number(port);
}
