/** The example of a contract as a request that can be sent. */
import { stringifyJson } from '../lib/json.ts';
import type { Contract } from './contract.ts';

export type ExampleRequest = {
  method: Contract['method'];
  /** Path with its query. */
  path: string;
  /** JSON text; null: no body is sent. */
  body: string | null;
};

export function exampleRequest({ method, path, example = {} }: Contract): ExampleRequest {
  const filled = path.replace(/:(\w+)/g, (_, name: string) => String(example.params?.[name] ?? 1));
  const query = new URLSearchParams(
    Object.entries(example.query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return {
    method,
    path: query === '' ? filled : `${filled}?${query}`,
    body: example.body === undefined ? null : stringifyJson(example.body),
  };
}
