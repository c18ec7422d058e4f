/** The example of an operation as people read it: a command for the terminal, and what it prints. */
import type { Operation, Parameter, Response } from './document-types.ts';

/** Where the examples send their requests. */
const BASE = 'http://localhost:8080';

/** Characters of a body that stays on one line in any case. */
const LONGEST_LINE = 50;

/** A command for a POSIX shell. `spread`: a long body over several lines, for narrow columns. */
export function curlOf(method: string, path: string, operation: Operation, { spread = false } = {}): string {
  const { requestBody, security } = operation;
  const url =
    BASE + path.replace(/\{(\w+)\}/g, (_, name: string) => String(exampleOf(operation, name))) + queryOf(operation);
  const media = requestBody?.content['application/json'];
  const isStream = operation.responses['200']?.content?.['text/event-stream'] !== undefined;
  const words = [isStream ? 'curl -N' : 'curl', ...(method === 'GET' ? [] : [`-X ${method}`]), quoted(url)].join(' ');
  return [
    words,
    ...(security.length === 0 ? [] : ['-H "Authorization: Bearer $JETMON_KEY"']),
    ...(media?.example === undefined ? [] : [`-d ${quoted(bodyText(media.example, spread))}`]),
  ].join(' \\\n  ');
}

function bodyText(example: unknown, spread: boolean): string {
  const text = JSON.stringify(example);
  return spread && text.length > LONGEST_LINE ? JSON.stringify(example, null, 2) : text;
}

/** The body of the reply that the example gets; null when it has none. */
export function shownBody(responses: Record<string, Response>): string | null {
  const [, response] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
  const [media] = Object.values(response?.content ?? {});
  if (media?.example === undefined) return null;
  return typeof media.example === 'string' ? media.example : JSON.stringify(media.example, null, 2);
}

/** What an operation takes that others do not: without the headers that many have in common. */
export function ownParameters({ parameters }: Operation): Parameter[] {
  return parameters.filter((parameter): parameter is Parameter => !('$ref' in parameter));
}

function exampleOf(operation: Operation, name: string): unknown {
  return ownParameters(operation).find((parameter) => parameter.name === name)?.example ?? 1;
}

function queryOf(operation: Operation): string {
  const given = ownParameters(operation).filter(
    (parameter) => parameter.in === 'query' && parameter.example !== undefined,
  );
  const query = new URLSearchParams(given.map(({ name, example }): [string, string] => [name, String(example)]));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function quoted(text: string): string {
  return /^[\w./:?=&%,-]+$/.test(text) && !text.includes('&') && !text.includes('?')
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}
