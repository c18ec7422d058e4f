/** Why a program failed, in one line: what `execFile` says of it is the command and all that it wrote to stderr. */
import { stripVTControlCharacters } from 'node:util';

const TELLING = /\bFAIL(?:ED)?\b|error\b|[×✗✘✖]|\bnot ok\b/i;
/** What npm adds to the failure of whatever it runs. */
const OF_NPM = /^npm (?:error|ERR!|notice)/;
const MOST_LINES = 6;
const MOST_CHARACTERS = 200;

type Failure = { code?: unknown; signal?: unknown; stdout?: unknown; stderr?: unknown };

/** How it ended, the last lines that tell of a failure (or the last lines, where none does), and its closing line. */
export function programFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, signal, stdout, stderr } = error as Failure;
  const ended = typeof signal === 'string' ? `killed by ${signal}` : `exit code ${code}`;
  // Not started at all, or ended by whoever watches.
  if (typeof code === 'string' || typeof stdout !== 'string' || typeof stderr !== 'string') return error.message;
  const lines = linesOf(`${stderr}\n${stdout}`);
  const closing = lines.splice(-1);
  const telling = lines.filter((line) => TELLING.test(line));
  const shown = (telling.length === 0 ? lines : telling).slice(-MOST_LINES);
  return [...new Set([ended, ...shown, ...closing])].join(' / ');
}

function linesOf(output: string): string[] {
  const lines = stripVTControlCharacters(output)
    .split('\n')
    .map((line) => line.trim().slice(0, MOST_CHARACTERS));
  return lines.filter((line) => line !== '' && !OF_NPM.test(line));
}
