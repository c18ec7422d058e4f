/** What a row of this topic has at hand. */
import type { DatabaseServer } from '../database-servers.ts';
import type { Row as AnyRow, Folder } from '../rows.ts';

export type Place = Folder & {
  /** A private database server; started when first asked for. */
  server(): Promise<DatabaseServer>;
};

export type Row = AnyRow<Place>;
