/** All that is watched as a file for `apply`, and what of it the file cannot hold. */
import type { Client } from '../../client/client.ts';
import { listMaintenance } from '../../contracts/maintenance.ts';
import { MAX_MIB, MAX_YAML_MIB } from './document.ts';
import type { Entry } from './entry.ts';
import { entryOf } from './export-entry.ts';
import { MAX_ENTRIES } from './read-entries.ts';
import { mapAtOnce, readDetails, readWatched, type Watched } from './watched.ts';
import { type Format, writeDocument } from './write-document.ts';

/** `notes` are one sentence for each kind of thing that is left out. */
export async function exportFile(client: Client, format: Format): Promise<{ text: string; notes: string[] }> {
  const notes: string[] = [];
  const sites = (await readWatched(client, { removed: 'false' })).map((site) => withoutTwice(site, notes));
  const sharedIds = idsOfShared(sites);
  const entries = await mapAtOnce(sites, async (site) =>
    entryOf(site, await readDetails(client, site), { withId: sharedIds.has(String(site.site.id)) }),
  );
  const text = writeDocument(entries.sort(byUrl), format);
  notes.push(...headerNotes(sites), ...(await maintenanceNotes(client)), ...sizeNotes(text, entries.length, format));
  return { text, notes };
}

/** Other programs may have written the same URL twice into the registry. */
function withoutTwice({ site, endpoints }: Watched, notes: string[]): Watched {
  const urls = endpoints.map(({ monitor_url }) => monitor_url);
  const isFirst = (url: string, index: number) => urls.indexOf(url) === index;
  for (const url of urls.filter((url, index) => !isFirst(url, index))) {
    notes.push(`site ${site.id} has ${url} more than once, and the file has it once`);
  }
  return { site, endpoints: endpoints.filter(({ monitor_url }, index) => isFirst(monitor_url, index)) };
}

/** Sites with a URL that another one has as well: only their ids tell them apart. */
function idsOfShared(sites: readonly Watched[]): Set<string> {
  const all = sites.flatMap(({ site, endpoints }) =>
    endpoints.map(({ monitor_url }) => ({ url: monitor_url, id: String(site.id) })),
  );
  const shared = [...Map.groupBy(all, ({ url }) => url).values()].filter((same) => same.length > 1);
  return new Set(shared.flat().map(({ id }) => id));
}

/** Ids differ from one server to the next. */
function byUrl(one: Entry, other: Entry): number {
  if (one.monitor_url !== other.monitor_url) return one.monitor_url < other.monitor_url ? -1 : 1;
  return BigInt(one.blog_id ?? 0) < BigInt(other.blog_id ?? 0) ? -1 : 1;
}

const MOST_NAMED = 5;

function headerNotes(sites: readonly Watched[]): string[] {
  const urls = sites.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ monitor_url, custom_header_names: names }) => (names.length === 0 ? [] : [monitor_url])),
  );
  if (urls.length === 0) return [];
  const more = urls.length > MOST_NAMED ? ` and ${urls.length - MOST_NAMED} more` : '';
  return [`values of header fields are not in the file: ${urls.slice(0, MOST_NAMED).join(', ')}${more}`];
}

async function maintenanceNotes(client: Client): Promise<string[]> {
  for (const status of ['active', 'upcoming'] as const) {
    for await (const _ of client.list(listMaintenance, { query: { status, limit: 1 } })) {
      return ['maintenance that is planned is not in the file; see `jetmon2 api maintenance list`'];
    }
  }
  return [];
}

function sizeNotes(text: string, entries: number, format: Format): string[] {
  const mostMib = format === 'yaml' ? MAX_YAML_MIB : MAX_MIB;
  const isTooLarge = Buffer.byteLength(text) > mostMib * 1024 * 1024;
  if (!isTooLarge && entries <= MAX_ENTRIES) return [];
  const other = format === 'yaml' ? ', or export it as json' : '';
  return [
    `the file is larger than what \`jetmon2 apply\` takes, ${mostMib} MiB and ${MAX_ENTRIES} sites; split it${other}`,
  ];
}
