/** Carries out the example of each contract against a real server and notes what it is answered with. */
import type { Contract } from '../../src/contracts/contract.ts';
import { exampleRequest } from '../../src/contracts/example-request.ts';
import { openApiDocument } from '../../src/contracts/openapi/document.ts';
import type { Recorded } from '../../src/contracts/openapi/responses.ts';
import { getOpenApi } from '../../src/contracts/utility.ts';
import { type SqliteThread, type SqliteThreads, startSqliteThread } from '../../src/store/dialect/sqlite-link.ts';
import { createFakeClock, type FakeClock } from '../kit/fake-clock.ts';
import { seeded } from '../kit/seeded.ts';
import { type ApiOnDatabase, startApiOnDatabase } from './api-on-database.ts';
import { addSite, append, recordLook, seedExamples, type Watched } from './example-world.ts';

const START_MS = Date.UTC(2026, 4, 4, 9);

type Stage = { api: ApiOnDatabase; clock: FakeClock; token: string };

/** Where each stage finds an empty database. Absent: a file that is gone afterwards. */
type DatabaseUrl = (() => Promise<string>) | undefined;

/** By operation. Throws when an example is answered with anything but success. Contracts without one are left out. */
export async function recordExamples(
  contracts: readonly Contract[],
  databaseUrl?: DatabaseUrl,
): Promise<Record<string, Recorded>> {
  const recorded: Record<string, Recorded> = { [getOpenApi.operationId]: headOfDocument() };
  const withExample = contracts.filter((each) => each.example !== undefined && each !== getOpenApi);
  const isReading = ({ method, example, messages }: Contract) =>
    method === 'GET' && example?.after === undefined && messages === undefined;
  const threads = keptThreads();
  const place = { threads, databaseUrl };
  try {
    await onStage(place, async (stage) => {
      for (const contract of withExample.filter(isReading)) {
        recorded[contract.operationId] = await carryOut(stage, contract);
      }
    });
    for (const contract of withExample.filter((each) => !isReading(each))) {
      await onStage(place, async (stage) => {
        for (const operationId of contract.example?.after ?? []) await carryOut(stage, find(contracts, operationId));
        recorded[contract.operationId] =
          contract.messages === undefined ? await carryOut(stage, contract) : await listen(stage, contract);
      });
    }
  } finally {
    await threads.end();
  }
  return recorded;
}

function find(contracts: readonly Contract[], operationId: string): Contract {
  const found = contracts.find((contract) => contract.operationId === operationId);
  if (found === undefined) throw new Error(`an example wants ${operationId} before it, which is no operation`);
  return found;
}

/** One thread after another's database, for each takes longer to start than an example to carry out. */
function keptThreads(): SqliteThreads & { end(): Promise<void> } {
  const idle: SqliteThread[] = [];
  return {
    take: () => idle.pop() ?? startSqliteThread(),
    async giveBack(thread) {
      if (thread.isAlive()) idle.push(thread);
    },
    async end() {
      await Promise.all(idle.map((thread) => thread.end()));
    },
  };
}

/** A server whose clock, ids and keys are the same at every run. */
async function onStage(
  { threads, databaseUrl }: { threads: SqliteThreads; databaseUrl: DatabaseUrl },
  run: (stage: Stage) => Promise<void>,
): Promise<void> {
  const clock = createFakeClock(START_MS);
  const draw = seeded(1);
  const random = { bytes: (length: number) => Uint8Array.from({ length }, () => Math.floor(draw() * 256)) };
  const url = await databaseUrl?.();
  const api = await startApiOnDatabase({ clock, random, threads, ...(url === undefined ? {} : { databaseUrl: url }) });
  try {
    await seedExamples(api.deps, clock);
    const { token } = await api.deps.apiKeys.create({
      consumerName: 'ci',
      scope: 'admin',
      rateLimitPerMinute: 10_000,
    });
    await run({ api, clock, token });
  } finally {
    await api.close();
  }
}

async function carryOut({ api, token }: Stage, contract: Contract): Promise<Recorded> {
  const { method, path, body } = exampleRequest(contract);
  const response = await fetch(api.address + path, {
    method,
    headers: { authorization: `Bearer ${token}` },
    ...(body === null ? {} : { body }),
  });
  const text = await response.text();
  if (response.status !== contract.status) {
    throw new Error(`the example of ${contract.operationId} was answered with ${response.status}: ${text}`);
  }
  if (text === '') return { status: response.status };
  return { status: response.status, body: JSON.parse(text) };
}

/** Its beginning: the document would hold itself otherwise, and is not written yet. */
function headOfDocument(): Recorded {
  const { openapi, info } = openApiDocument([getOpenApi], {});
  const { title, version } = info;
  return { status: getOpenApi.status, body: { openapi, info: { title, version }, paths: {}, components: {} } };
}

/** Follows a stream while something of each kind happens, and as one who was told of what never was. */
async function listen(stage: Stage, { path, messages = {} }: Contract): Promise<Recorded> {
  const told = [
    ...(await heard(stage, path, {}, happenings(stage.api, stage.clock))),
    ...(await heard(stage, path, { 'last-event-id': '4711' }, [async () => {}])),
  ];
  if (told.length < Object.keys(messages).length) throw new Error('the stream did not tell all that it can');
  return { status: 200, text: `${told.join('\n\n')}\n` };
}

/** What follows each step. */
async function heard(
  { api, token }: Stage,
  path: string,
  headers: Record<string, string>,
  steps: readonly (() => Promise<void>)[],
): Promise<string[]> {
  const response = await fetch(api.address + path, {
    headers: { authorization: `Bearer ${token}`, ...headers },
    signal: AbortSignal.timeout(20_000),
  });
  if (response.status !== 200 || response.body === null) throw new Error('the stream has no body');
  const messages = messagesOf(response.body);
  const told: string[] = [];
  for (const step of steps) {
    await step();
    const { value } = await messages.next();
    if (value !== undefined) told.push(value);
  }
  await messages.return(undefined);
  return told;
}

async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let text = '';
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    yield* parts.filter((part) => part.includes('\ndata: '));
  }
}

/** Each leads to one message. */
function happenings({ deps, looked }: ApiOnDatabase, clock: FakeClock): (() => Promise<void>)[] {
  let watched: Watched | null = null;
  const site = () => {
    if (watched === null) throw new Error('there is no site yet');
    return watched;
  };
  return [
    async () => {
      watched = await addSite(deps, 'https://shop.example/');
      const { siteId, endpointId } = watched;
      deps.changes.publish({ kind: 'site_changed', siteId, endpointIds: [endpointId], change: 'created' });
    },
    async () => {
      recordLook(deps, site(), 'Up');
      looked(site());
      clock.advance(1_000);
    },
    async () => {
      const opened = { op: 'open', state: 'Seems Down', startedAtMs: clock.nowMs(), reason: 'opened' } as const;
      await deps.events.append({ ...append(site(), 'http', 'seed-stream', clock.nowMs()), mutations: [opened] });
    },
  ];
}
