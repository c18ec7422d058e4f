/**
 * A program: the plain client of Node that the prober is measured against. No agent, the authority given with each
 * request, verification as it comes, the body consumed, no connection and no secure context shared. Takes
 * `YardstickOptions` as JSON, prints a `Measured` as one line.
 */
import { readFileSync } from 'node:fs';
import { get as getHttp, type IncomingMessage } from 'node:http';
import { get as getHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { watchLifeline } from '../../src/app/lifeline.ts';
import { closedLoop, type LoopOptions } from './closed-loop.ts';
import { type Measured, measuredOf } from './measured.ts';
import { createTally } from './tally.ts';
import { NEW_HOST, urlOf } from './urls.ts';

export type YardstickOptions = {
  loop: LoopOptions;
  origins: readonly string[];
  /** File with the authority's certificate; null for plain HTTP. */
  ca: string | null;
  /** A site with a certificate for another host; null for plain HTTP. */
  impostor: string | null;
  /** Size of the page. */
  bytes: number;
};

const { loop, origins, ca: caFile, impostor, bytes } = JSON.parse(process.argv[2] ?? '') as YardstickOptions;
const ca = caFile === null ? undefined : readFileSync(caFile, 'utf8');
const get = ca === undefined ? getHttp : getHttps;
const options = {
  agent: false as const,
  ...(ca === undefined ? {} : { ca }),
  headers: { connection: 'close' },
  ...(origins.some((origin) => origin.includes(NEW_HOST)) ? { lookup: lookUpLoopback } : {}),
};

watchLifeline(process.env, () => process.exit());
if (impostor !== null) await assertRefused(impostor);
process.stdout.write(`${JSON.stringify(await measure())}\n`);

async function measure(): Promise<Measured> {
  const tally = createTally();
  const running = closedLoop(loop, (from, many) => {
    for (let number = from; number < from + many; number += 1) {
      ask(urlOf(origins, number), (outcome) => {
        tally.add(outcome === 'right' ? 'right' : 'wrong', outcome);
        running.finished(1);
      });
    }
  });
  return measuredOf(await running.done, tally.counts());
}

/** Calls back once: with `right` for the whole page, otherwise with what happened. */
function ask(url: string, done: (outcome: string) => void): void {
  const request = get(url, options, (reply: IncomingMessage) => {
    let read = 0;
    reply.on('data', (chunk: Buffer) => {
      read += chunk.length;
    });
    reply.on('close', () => done(reply.complete && reply.statusCode === 200 && read === bytes ? 'right' : 'cut short'));
  });
  request.on('error', (error: NodeJS.ErrnoException) => done(error.code ?? error.message));
}

/** Names below localhost, without the queue of the system's own lookup: names are not what is compared. */
function lookUpLoopback(...[, { all }, done]: Parameters<LookupFunction>): void {
  if (all) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
}

/** That it verifies names is part of what is compared. */
async function assertRefused(url: string): Promise<void> {
  const outcome = await new Promise<string>((resolve) => ask(url, resolve));
  if (outcome !== 'ERR_TLS_CERT_ALTNAME_INVALID') throw new Error(`the impostor was not refused by name: ${outcome}`);
}
