/** Appends without end to the database named in argv, and prints each operation after it is acknowledged. To be killed. */
import { createChanges } from '../../src/store/changes.ts';
import { openDatabase } from '../../src/store/database.ts';
import { createEndpoints } from '../../src/store/endpoints.ts';
import { createEvents } from '../../src/store/events.ts';
import { silentLog } from '../../src/telemetry/log.ts';

const [path = '', run = ''] = process.argv.slice(2);
const db = await openDatabase({ url: path });
const [endpoint] = await createEndpoints(db).all();
if (endpoint === undefined) throw new Error('the database has no endpoint');
const events = createEvents({ db, changes: createChanges({ log: silentLog }) });

for (let turn = 0; ; turn++) {
  for (const [step, mutations, failing] of [
    [
      'open',
      [{ op: 'open', state: 'Seems Down', startedAtMs: turn, reason: 'opened' }],
      { sinceMs: turn, attempts: 1 },
    ],
    ['down', [{ op: 'promote', state: 'Down', reason: 'local_confirmed' }], { sinceMs: turn, attempts: 2 }],
    ['close', [{ op: 'close', reason: 'verifier_cleared' }], null],
  ] as const) {
    const opId = `${run}-${turn}-${step}`;
    const { transitions } = await events.append({
      identity: { siteId: endpoint.siteId, endpointId: endpoint.endpointId, checkType: 'http', discriminator: null },
      mutations,
      failing,
      opId,
      epoch: 0,
      atMs: turn,
      source: 'local',
      metadata: { filler: 'x'.repeat(2_000) },
      project: true,
      onlyWhileWatching: null,
    });
    // What the loop before us left open makes an operation a no-op; only a committed one is acknowledged.
    if (transitions.length > 0) process.stdout.write(`${opId}\n`);
  }
}
