import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { brokenInvariants, temporaryFolder, temporaryStore } from '../../test/kit/store.ts';
import { openDatabase } from './database.ts';

const APPEND_LOOP = fileURLToPath(new URL('../../test/kit/append-loop.ts', import.meta.url));

/** Operations a process acknowledged before it was killed in the middle of its work. */
async function acknowledgedUntilKilled(path: string, run: string, atLeast: number): Promise<string[]> {
  const child = spawn(process.execPath, [APPEND_LOOP, path, run], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout) {
    output += String(chunk);
    if (output.split('\n').length > atLeast) child.kill('SIGKILL');
  }
  // A line that was cut short is not an acknowledgement.
  return output.split('\n').slice(0, -1);
}

it('loses and doubles nothing it acknowledged when it is killed, again and again', async () => {
  const folder = temporaryFolder();
  const { db, addEndpoint } = await temporaryStore(folder);
  await addEndpoint();
  await db.close();
  const acknowledged: string[] = [];
  for (const [run, atLeast] of [1, 10, 50].entries()) {
    acknowledged.push(...(await acknowledgedUntilKilled(db.name, `run${run}`, atLeast)));
  }

  const after = await openDatabase({ url: db.name });
  try {
    const { rows } = await sql<{ op_id: string }>`select op_id from jetmon_event_transitions`.execute(after.kysely);
    // The site's own event follows each in its name.
    const stored = rows.map((row) => row.op_id).filter((opId) => !opId.endsWith('/site'));
    expect(new Set(stored).size).toBe(stored.length);
    expect(acknowledged.filter((opId) => !stored.includes(`${opId}/1`))).toEqual([]);
    // At most the one operation in flight at each kill is stored and not acknowledged.
    expect(stored.length - acknowledged.length).toBeLessThanOrEqual(3);
    expect(await brokenInvariants(after)).toEqual([]);
  } finally {
    await after.close();
  }
}, 60_000);
