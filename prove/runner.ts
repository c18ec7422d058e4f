/** Runs one topic and shows its claims as they are measured. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Facts, gatherFacts } from './facts.ts';
import { withSection } from './page.ts';
import { factsLine, terminalRow, terminalTable } from './table.ts';
import { type Claim, isWanted, type ProofContext, type Topic } from './topic.ts';

export type RunOptions = Omit<ProofContext, 'progress'> & { json: boolean; write: boolean };
export type Output = { out: NodeJS.WritableStream; err: NodeJS.WritableStream & { isTTY?: boolean } };

/** Runs the topic; true when it made claims and every one held. Rows go to `out`, progress to `err`. */
export async function prove(topic: Topic, options: RunOptions, { out, err }: Output): Promise<boolean> {
  const line = progressLine(err);
  const context: ProofContext = { ...options, progress: line.show };
  const claims: Claim[] = [];
  try {
    for await (const claim of topic.run(context)) {
      if (!isWanted(context, claim.what)) continue;
      claims.push(claim);
      line.clear();
      if (!options.json) out.write(terminalRow(claim));
    }
  } finally {
    line.clear();
  }
  const facts = gatherFacts(options.root, new Date());
  const held = claims.length > 0 && claims.every((claim) => claim.held);
  if (options.json) out.write(`${JSON.stringify({ topic: topic.name, held, facts, claims })}\n`);
  else out.write(`\n${topic.title}\n${factsLine(facts)}\n\n${terminalTable(claims)}`);
  if (options.write) await writePage(options.root, topic, claims, facts);
  return held;
}

async function writePage(root: string, topic: Topic, claims: readonly Claim[], facts: Facts): Promise<void> {
  const file = join(root, 'docs', 'performance.md');
  const page = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  await writeFile(file, withSection(page, topic, claims, facts));
}

/** One line that is written over at a terminal, and a line each where there is none. */
function progressLine(err: Output['err']) {
  let shown = '';
  return {
    show(text: string) {
      if (text === shown) return;
      shown = text;
      err.write(err.isTTY ? `\r\u001b[K... ${text}` : `... ${text}\n`);
    },
    clear() {
      if (err.isTTY && shown !== '') err.write('\r\u001b[K');
      shown = '';
    },
  };
}
