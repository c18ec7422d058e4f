/** Topic `spine`: how long a newcomer waits, how long a check takes, and what a small server weighs. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { newcomerEnvironment, systemNode } from './newcomer.ts';
import { programFailure } from './program-failure.ts';
import { type Running, startServer } from './server.ts';
import { startSite } from './site.ts';
import { median, seconds } from './statistics.ts';
import { type Claim, isWanted, notMeasured, type ProofContext, type Topic } from './topic.ts';

const run = promisify(execFile);

const FIRST_START_GOAL_MS = 90_000;
const SECOND_START_GOAL_MS = 2_000;
const CHECK_GOAL_MS = 700;
const VERIFY_GOAL_MS = 40_000;
const TEST_GOAL_MS = 15 * 60_000;
const MEMORY_GOAL_MB = 150;
const STARTS = 5;
const CHECKS = 7;
const SITES = 100;
const WATCHED_MS = 75_000;
const LONG_WATCHED_MS = 15 * 60_000;
const FIRST_ROUND_LIMIT_MS = 120_000;

type Place = { clone: string; folder: string; node: string; nodeVersion: string };

export const spine: Topic = {
  name: 'spine',
  title: 'The spine: from a fresh clone to a verdict',
  async *run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'jetmon2-prove-'));
    try {
      const node = systemNode(process.env['PATH'] ?? '');
      const { stdout } = await run(node, ['--version']);
      const place = { clone: join(folder, 'clone'), folder, node, nodeVersion: stdout.trim() };
      // Always: what follows runs in the clone it makes.
      yield* measured('fresh clone to listening', FIRST_START_GOAL_MS, () => firstStart(place, context));
      const rest: readonly [what: string, goalMs: number, measure: () => Promise<Measurement>][] = [
        ['second npm start to listening', SECOND_START_GOAL_MS, () => laterStarts(place, context)],
        ['check of a loopback site, start to exit', CHECK_GOAL_MS, () => checks(place, context)],
        ['npm run verify in that clone, nothing cached', VERIFY_GOAL_MS, () => verify(place, context)],
        ['npm test in that clone', TEST_GOAL_MS, () => npmRun(place, context, ['test'], TEST_GOAL_MS)],
      ];
      for (const [what, goalMs, measure] of rest) {
        if (isWanted(context, what)) yield* measured(what, goalMs, measure);
      }
      if (isWanted(context, MEMORY_CLAIM.what)) {
        yield await memory(place, context).catch((error: unknown) => notMeasured(MEMORY_CLAIM, error));
      }
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

type Measurement = { ms: number; detail: string };

async function* measured(what: string, goalMs: number, measure: () => Promise<Measurement>): AsyncIterable<Claim> {
  const claim = { what, goal: `≤ ${goalMs / 1000} s` };
  try {
    const { ms, detail } = await measure();
    yield { ...claim, measured: seconds(ms), held: ms <= goalMs, detail };
  } catch (error) {
    yield notMeasured(claim, error);
  }
}

async function firstStart(place: Place, { root, progress, signal }: ProofContext): Promise<Measurement> {
  progress('fresh clone, empty npm cache, npm start');
  const startMs = performance.now();
  await run('git', ['clone', '--quiet', root, place.clone], { signal });
  const cloneMs = performance.now() - startMs;
  const server = await npmStart(place, 'data-first', FIRST_START_GOAL_MS * 4, signal);
  await server.stop();
  return { ms: cloneMs + server.readyMs, detail: `npm under Node ${place.nodeVersion}, one run` };
}

async function laterStarts(place: Place, { progress, signal }: ProofContext): Promise<Measurement> {
  const times: number[] = [];
  for (let i = 1; i <= STARTS; i += 1) {
    progress(`npm start again, ${i} of ${STARTS}`);
    const server = await npmStart(place, 'data-first', 60_000, signal);
    await server.stop();
    times.push(server.readyMs);
  }
  return { ms: median(times), detail: `median of ${STARTS}, longest ${seconds(Math.max(...times))}` };
}

async function checks(place: Place, { progress, signal }: ProofContext): Promise<Measurement> {
  const site = await startSite();
  try {
    const times: number[] = [];
    for (let i = 1; i <= CHECKS; i += 1) {
      progress(`check, ${i} of ${CHECKS}`);
      const startMs = performance.now();
      await run(place.node, [join(place.clone, 'bin', 'jetmon2'), 'check', `${site.origin}/`, '--allow-private'], {
        env: newcomerEnvironment({}),
        signal,
        timeout: 30_000,
      });
      times.push(performance.now() - startMs);
    }
    if (site.visited.size === 0) throw new Error('the site was never asked');
    return {
      ms: median(times),
      detail: `through the launcher under Node ${place.nodeVersion}, median of ${CHECKS}, longest ${seconds(Math.max(...times))}`,
    };
  } finally {
    await site.stop();
  }
}

function verify(place: Place, context: ProofContext): Promise<Measurement> {
  return npmRun(place, context, ['run', 'verify'], VERIFY_GOAL_MS);
}

/** Runs an npm command to its end; one that fails is not measured. The last line it prints is the detail. */
async function npmRun(place: Place, context: ProofContext, args: string[], goalMs: number): Promise<Measurement> {
  context.progress(`npm ${args.join(' ')}`);
  const startMs = performance.now();
  const { stdout } = await run('npm', args, {
    cwd: place.clone,
    env: npmEnvironment(place, {}),
    signal: context.signal,
    timeout: goalMs * 2,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error: unknown) => {
    throw new Error(programFailure(error), { cause: error });
  });
  return { ms: performance.now() - startMs, detail: stdout.trimEnd().split('\n').at(-1) ?? '' };
}

const MEMORY_CLAIM = { what: `memory (RSS) of serve with ${SITES} sites at 60 s`, goal: `≤ ${MEMORY_GOAL_MB} MB` };

async function memory(place: Place, context: ProofContext): Promise<Claim> {
  const dataDir = join(place.folder, 'data-memory');
  await mkdir(dataDir, { recursive: true });
  const server = await startServer({
    program: place.node,
    args: [join(place.clone, 'bin', 'jetmon2'), 'serve'],
    cwd: place.clone,
    env: newcomerEnvironment({ HTTP_PORT: '0', JETMON_DATA_DIR: dataDir, EGRESS_ALLOW: '127.0.0.0/8' }),
    limitMs: 60_000,
    signal: context.signal,
  });
  try {
    return await memoryWithSites(server, dataDir, context);
  } finally {
    await server.stop();
  }
}

async function memoryWithSites(server: Running, dataDir: string, context: ProofContext): Promise<Claim> {
  const site = await startSite();
  try {
    await addSites(server, dataDir, site.origin);
    const { pid } = JSON.parse(await readFile(join(dataDir, 'serve.json'), 'utf8')) as { pid: number };
    return await watchMemory(pid, () => site.visited.size, context);
  } finally {
    await site.stop();
  }
}

async function addSites(server: Running, dataDir: string, origin: string): Promise<void> {
  const key = (await readFile(join(dataDir, 'local.key'), 'utf8')).trim();
  for (let i = 0; i < SITES; i += 1) {
    const reply = await fetch(`${server.origin}/api/v1/sites`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ monitor_url: `${origin}/s/${i}`, check_interval_seconds: 60 }),
    });
    if (reply.status !== 201)
      throw new Error(`adding site ${i} was answered with ${reply.status}: ${await reply.text()}`);
    await reply.body?.cancel();
  }
}

/** Watches until each site was checked and at least one more interval has passed. */
async function watchMemory(pid: number, visited: () => number, context: ProofContext): Promise<Claim> {
  const watchMs = context.long ? LONG_WATCHED_MS : WATCHED_MS;
  const startMs = performance.now();
  let sinceMs: number | null = null;
  let highest = { rss: 0, peak: 0 };
  while (sinceMs === null || performance.now() - sinceMs < watchMs) {
    if (sinceMs === null && visited() >= SITES) sinceMs = performance.now();
    if (sinceMs === null && performance.now() - startMs > FIRST_ROUND_LIMIT_MS) {
      throw new Error(`only ${visited()} of ${SITES} sites were checked`);
    }
    const now = await memoryOf(pid);
    highest = { rss: Math.max(highest.rss, now.rss), peak: now.peak };
    context.progress(`${visited()} of ${SITES} sites checked, ${highest.rss.toFixed(0)} MB`);
    await delay(1_000, undefined, { signal: context.signal });
  }
  const watched = `highest of one look a second, for ${Math.round(watchMs / 1000)} s after the first round`;
  return {
    ...MEMORY_CLAIM,
    measured: `${highest.rss.toFixed(0)} MB`,
    held: highest.rss <= MEMORY_GOAL_MB,
    detail: `${watched}; the kernel's own peak, start included, is ${highest.peak.toFixed(0)} MB`,
  };
}

/** Resident memory now and at its highest, in MB, as the kernel counts it. */
async function memoryOf(pid: number): Promise<{ rss: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) / 1024;
  return { rss: mb('VmRSS'), peak: mb('VmHWM') };
}

async function npmStart(place: Place, data: string, limitMs: number, signal: AbortSignal): Promise<Running> {
  const env = npmEnvironment(place, { HTTP_PORT: '0', JETMON_DATA_DIR: join(place.folder, data) });
  return await startServer({ program: 'npm', args: ['start'], cwd: place.clone, env, limitMs, signal });
}

function npmEnvironment(place: Place, extra: Record<string, string>): NodeJS.ProcessEnv {
  return newcomerEnvironment({ npm_config_cache: join(place.folder, 'npm-cache'), ...extra });
}
