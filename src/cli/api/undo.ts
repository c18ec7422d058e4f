/** The commands that take back what was done, as they are printed to be copied. */
import type { Id } from '../../contracts/values.ts';
import { jsonLine } from '../json-line.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { quoted } from './example-line.ts';

export function cleanupCommand(batch: string, options: ConnectionOptions): string {
  return `jetmon2 api sites cleanup --batch ${batch}${connectionWords(options)}`;
}

/** Puts a site back that no batch holds: cleaning up would remove it. */
export function restoreCommand(siteId: Id, before: object, options: ConnectionOptions): string {
  const body = quoted(jsonLine(before).trimEnd());
  return `jetmon2 api request PATCH /api/v1/sites/${siteId} --body ${body}${connectionWords(options)}`;
}

/** Never the key. */
function connectionWords({ baseUrl, allowRemote }: ConnectionOptions): string {
  const server = baseUrl === undefined ? '' : ` --base-url ${quoted(baseUrl)}`;
  return `${server}${allowRemote === true ? ' --allow-remote' : ''}`;
}
