/** A server that is killed while it carries out a request with an idempotency key: the repetition finds out, and does no harm. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { IDEMPOTENCY_LIMITS } from '../../src/store/idempotency.ts';
import { startApi } from '../kit/api.ts';
import { withMovableClock } from '../kit/database-clock.ts';
import { temporaryDatabase, temporaryFolder } from '../kit/store.ts';

const CHILD = fileURLToPath(new URL('./posting-child.ts', import.meta.url));
const KEY = 'k1';
const BODY = '{"monitor_url":"https://a.example/"}';
const LIMIT_MS = 120_000;

/** What the child said before it died, and the signal it died of. */
function post(url: string, failAt: number): Promise<{ said: string; signal: string | null }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [CHILD, url, KEY, BODY, String(failAt)], (error, said) => {
      resolve({ said, signal: error?.signal ?? null });
    });
  });
}

async function repeatedAfter(failAt: number) {
  const folder = temporaryFolder();
  const life = await post(join(folder, 'jetmon.db'), failAt);
  const movable = withMovableClock(await temporaryDatabase(folder), Date.now());
  const api = await startApi({ database: movable.db });
  const repeat = async () => {
    const { status, body, headers } = await api.ask('POST', '/api/v1/sites', {
      text: BODY,
      headers: { 'idempotency-key': KEY },
    });
    const replayed = headers.get('idempotency-replayed') === 'true' ? ['replayed'] : [];
    return [status, ...(status === 201 ? replayed : [body.error.code, body.error.details?.site_id].filter(Boolean))];
  };
  const atOnce = await repeat();
  movable.advance(IDEMPOTENCY_LIMITS.leaseMs);
  const later = await repeat();
  const sites = (await api.ask('GET', '/api/v1/sites')).body.data.length;
  return { life, atOnce, later, sites };
}

const KILLED = { said: '', signal: 'SIGKILL' };
const IN_PROGRESS = [409, 'idempotency_in_progress'];
const REPLAYED = [201, 'replayed'];

it.each([
  ['nowhere', 0, { life: { said: '201 after 6 moments\n', signal: null }, atOnce: REPLAYED, later: REPLAYED }],
  ['before it has reserved', 1, { life: KILLED, atOnce: [201], later: REPLAYED }],
  ['once it has reserved', 2, { life: KILLED, atOnce: IN_PROGRESS, later: [201] }],
  ['before the site is kept', 3, { life: KILLED, atOnce: IN_PROGRESS, later: [201] }],
  ['once the site is kept', 4, { life: KILLED, atOnce: IN_PROGRESS, later: [409, 'site_exists', 1] }],
  ['before the answer is kept', 5, { life: KILLED, atOnce: IN_PROGRESS, later: [409, 'site_exists', 1] }],
  ['once the answer is kept', 6, { life: KILLED, atOnce: REPLAYED, later: REPLAYED }],
])(
  'a server killed %s leaves one site to the repetition',
  async (_, failAt, expected) => {
    expect(await repeatedAfter(failAt)).toEqual({ ...expected, sites: 1 });
  },
  LIMIT_MS,
);
