/** One row of the topic: what is claimed, the goal, and how it is measured. */
import type { DatabaseServer } from '../database-servers.ts';
import type { Row as AnyRow, Folder } from '../rows.ts';

export type Place = Folder & {
  /** The address of a new, empty database on a private server, and the server itself; started when first asked for. */
  server(): Promise<DatabaseServer>;
  /** Another one, for whoever kills it. */
  serverToKill(): Promise<DatabaseServer>;
};

export type Row = AnyRow<Place>;

/** Which database a row speaks of, with the address of an empty one. */
export const ENGINES = {
  SQLite: async (place: Place) => `sqlite:${place.folder}/${crypto.randomUUID()}.db`,
  MariaDB: async (place: Place) => (await place.server()).newDatabase(),
} as const;

export type EngineName = keyof typeof ENGINES;
export const ENGINE_NAMES = Object.keys(ENGINES) as EngineName[];
