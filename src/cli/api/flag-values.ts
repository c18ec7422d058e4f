/** From the text of a flag to the value that is sent. Every refusal names the flag, the cause and the fix. */
import { readFileSync, statSync } from 'node:fs';
import { AppError } from '../../domain/errors.ts';
import { describeJsonFailure, parseJson } from '../../lib/json.ts';
import { nearest } from '../../lib/nearest.ts';
import type { Flag } from './flags.ts';

/** The longest body that a server takes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Throws `invalid_arguments`. Here and below. `texts` is what was given, in its order. */
export function flagValue(flag: Flag, texts: readonly string[]): unknown {
  if (!flag.isRepeated) {
    const [text = '', ...more] = texts;
    if (more.length > 0) throw refusal(`${shownName(flag)} is given ${texts.length} times`, 'give it once');
    return oneValue(flag, text);
  }
  if (flag.kind !== 'pair') return texts.map((text) => oneValue(flag, text));
  const pairs = texts.map((text) => pairIn(flag, text));
  const names = new Set(pairs.map(([name]) => name.toLowerCase()));
  if (names.size < pairs.length) throw refusal(`${shownName(flag)} names one twice`, 'give each name once');
  return Object.fromEntries(pairs);
}

function oneValue(flag: Flag, text: string): unknown {
  switch (flag.kind) {
    case 'id':
      return idIn(shownName(flag), text);
    case 'number':
      return numberIn(flag, text);
    case 'boolean':
      return flag.place === 'query' ? String(booleanIn(flag, text)) : booleanIn(flag, text);
    case 'choice':
      return choiceIn(flag, text);
    case 'json':
      return jsonIn(shownName(flag), text.startsWith('@') ? fileText(shownName(flag), text.slice(1)) : text);
    default:
      return text;
  }
}

/** As a caller would write it. */
export function shownName({ name, alias }: Flag): string {
  return `--${alias ?? name}`;
}

/** Exact up to 64 bits. */
export function idIn(what: string, text: string): number | bigint {
  const id = /^\d{1,19}$/.test(text) ? BigInt(text) : null;
  if (id === null) throw refusal(`${what} "${text}" is not a number`, 'give a whole number, such as 3');
  return id <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(id) : id;
}

function numberIn(flag: Flag, text: string): number | bigint {
  const parsed = parseJson(text.trim());
  if (parsed.ok && (typeof parsed.value === 'number' || typeof parsed.value === 'bigint')) return parsed.value;
  throw refusal(`${shownName(flag)} "${text}" is not a number`, 'give a number, such as 5');
}

function booleanIn(flag: Flag, text: string): boolean {
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  const name = shownName(flag);
  throw refusal(`${name} "${text}" is neither true nor false`, `write it as ${name}=true or ${name}=false`);
}

function choiceIn(flag: Flag, text: string): string {
  const wanted = text.toLowerCase();
  const known = flag.choices.find((choice) => choice.toLowerCase() === wanted);
  if (known !== undefined) return known;
  const meant = nearest(text, flag.choices);
  throw refusal(
    `${shownName(flag)} "${text}" is not known`,
    `${meant === null ? '' : `did you mean "${meant}"? `}Use one of ${flag.choices.join(', ')}`,
  );
}

/** What was given may be a secret, wherever in it a colon stands or is missing. */
function pairIn(flag: Flag, text: string): [name: string, value: string] {
  const at = text.indexOf(':');
  if (at < 1) throw refusal(`${shownName(flag)} holds no name with a colon behind it`, "write it as 'Name: value'");
  return [text.slice(0, at).trim(), text.slice(at + 1).replace(/^[\t ]+|[\t ]+$/g, '')];
}

/** What is not JSON is not quoted: there may be secrets in it. */
export function jsonIn(what: string, text: string): unknown {
  const parsed = parseJson(text);
  if (parsed.ok) return parsed.value;
  throw refusal(`${what} ${describeJsonFailure(parsed)}`, 'give one JSON document; mind the quotes of the shell');
}

export function fileText(what: string, path: string): string {
  try {
    if (statSync(path).size > MAX_BODY_BYTES) {
      throw refusal(`${what}: ${path} is larger than 1 MiB`, 'split it; no server takes more at once');
    }
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw refusal(`${what}: ${path} cannot be read (${code})`, 'name a file that holds one JSON document');
  }
}

export async function stdinText(what: string, stdin: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const piece = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > MAX_BODY_BYTES) {
      throw refusal(`${what}: standard input is larger than 1 MiB`, 'split it; no server takes more at once');
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export function refusal(message: string, fix: string): AppError {
  return new AppError('invalid_arguments', message, { fix });
}
