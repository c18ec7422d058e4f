/**
 * A program: a server of its own and the requests that are drawn for it from its document. Takes `GeneratedOptions` as
 * JSON, prints how many were sent now and then, and last what came of them.
 */
import { watchLifeline } from '../../src/app/lifeline.ts';
import type { GeneratedReport } from '../../test/api/generated-requests.ts';
import { startGeneratedWorld } from '../../test/api/generated-world.ts';

export type GeneratedOptions = {
  /** Null: a file that is gone afterwards. */
  databaseUrl: string | null;
  count: number;
  seed: number;
};

export type GeneratedWords = { sent: number } | { report: GeneratedReport };

const { databaseUrl, count, seed } = JSON.parse(process.argv[2] ?? '') as GeneratedOptions;
watchLifeline(process.env, () => process.exit());

const world = await startGeneratedWorld(databaseUrl === null ? {} : { databaseUrl });
const report = await world.send({ count, seed, onProgress: (sent) => say({ sent }) });
await world.close();
say({ report }, () => process.exit());

function say(words: GeneratedWords, said?: () => void): void {
  process.stdout.write(`${JSON.stringify(words)}\n`, said);
}
