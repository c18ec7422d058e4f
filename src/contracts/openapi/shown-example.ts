/** The example of an operation as people read it: a command for the terminal, and what it prints. */
import type { Operation, Response } from './document-types.ts';

/** Where the examples send their requests. */
const BASE = 'http://localhost:8080';

/** A command for a POSIX shell. */
export function curlOf(method: string, path: string, operation: Operation): string {
  const { parameters, requestBody, security } = operation;
  const url =
    BASE + path.replace(/\{(\w+)\}/g, (_, name: string) => String(exampleOf(operation, name))) + queryOf(parameters);
  const media = requestBody?.content['application/json'];
  const isStream = operation.responses['200']?.content?.['text/event-stream'] !== undefined;
  const words = [isStream ? 'curl -N' : 'curl', ...(method === 'GET' ? [] : [`-X ${method}`]), quoted(url)].join(' ');
  return [
    words,
    ...(security.length === 0 ? [] : ['-H "Authorization: Bearer $JETMON_KEY"']),
    ...(media?.example === undefined ? [] : [`-d ${quoted(JSON.stringify(media.example))}`]),
  ].join(' \\\n  ');
}

/** Status line and body. */
export function shownReply(responses: Record<string, Response>): string {
  const [status = '', response] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
  const [media] = Object.values(response?.content ?? {});
  if (media?.example === undefined) return `HTTP ${status}`;
  const body = typeof media.example === 'string' ? media.example : JSON.stringify(media.example, null, 2);
  return `HTTP ${status}\n\n${body}`;
}

function exampleOf({ parameters }: Operation, name: string): unknown {
  return parameters.find((parameter) => parameter.name === name)?.example ?? 1;
}

function queryOf(parameters: Operation['parameters']): string {
  const given = parameters.filter((parameter) => parameter.in === 'query' && parameter.example !== undefined);
  const query = new URLSearchParams(given.map(({ name, example }): [string, string] => [name, String(example)]));
  return query.size === 0 ? '' : `?${query.toString()}`;
}

function quoted(text: string): string {
  return /^[\w./:?=&%,-]+$/.test(text) && !text.includes('&') && !text.includes('?')
    ? text
    : `'${text.replaceAll("'", `'\\''`)}'`;
}
