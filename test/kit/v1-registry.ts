/** The site registry as another program made it and filled it, before ours first saw that database. */
import type { MariadbAccess } from './mariadb.ts';

/** Spec/01 section 12.1, as `show create table` of version 1 tells it; the character set is the one of the database. */
const V1_TABLE = `create table jetpack_monitor_sites (
  jetpack_monitor_site_id bigint(20) unsigned not null auto_increment,
  blog_id bigint(20) unsigned not null,
  bucket_no smallint(2) unsigned not null,
  monitor_url varchar(300) not null,
  monitor_active tinyint(1) unsigned not null default 1,
  site_status tinyint(1) unsigned not null default 1,
  last_status_change timestamp null default current_timestamp(),
  check_interval tinyint(1) unsigned not null default 5,
  primary key (jetpack_monitor_site_id),
  key blog_id_monitor_url (blog_id, monitor_url),
  key bucket_no_monitor_active_check_interval (bucket_no, monitor_active, check_interval)
) engine=InnoDB`;

/** Sites of a program that knows nothing of us: an id near the end, an instant of zeroes, a blog with two URLs. */
const V1_ROWS = `insert into jetpack_monitor_sites
  (blog_id, bucket_no, monitor_url, monitor_active, site_status, last_status_change, check_interval) values
  (4711, 3, 'https://old.example/', 1, 2, '2020-01-02 03:04:05', 5),
  (4711, 3, 'https://old.example/other', 1, 1, null, 5),
  (9223372036854775807, 511, 'https://last.example/', 0, 1, '2030-01-01 00:00:00', 255),
  (12, 0, 'https://zero.example/', 1, 1, '0000-00-00 00:00:00', 0)`;

/** An empty database of this character set becomes one that version 1 uses. */
export async function createV1Registry(server: MariadbAccess, database: string, charset: string): Promise<void> {
  await server.query(
    `create database ${database} character set ${charset}`,
    `use ${database}`,
    "set time_zone = '+00:00', sql_mode = ''",
    V1_TABLE,
    V1_ROWS,
  );
}

export async function tableAsItIs(server: MariadbAccess, database: string): Promise<string> {
  const [row] = await server.query(`show create table ${database}.jetpack_monitor_sites`);
  // What was inserted moves the counter, and nothing else may.
  return String(row?.['Create Table']).replace(/ AUTO_INCREMENT=\d+/, '');
}
