/**
 * Finds a MariaDB server on the machine, or takes one from Debian packages into a cache folder: unpacked, not installed,
 * so nobody needs to be root. Keeps a freshly made data folder beside it, for instances to start from.
 */
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { findService } from './services.ts';

export type MariadbProgram = {
  server: string;
  /** Arguments every start needs. */
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** A data folder that was just made, to be copied. */
  template: string;
};

/** Anything here may be deleted at any time; the next run makes it anew. */
export const CACHE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'jetmon2-test');

/** Small files: they are copied for every instance. */
export const FILE_SETTINGS = ['--innodb-data-file-path=ibdata1:12M:autoextend', '--innodb-log-file-size=32M'];

const call = promisify(execFile);
const FETCH_LIMIT_MS = 180_000;

/** Rejects with what is missing, in one sentence. */
export async function provideMariadb(): Promise<MariadbProgram> {
  const installed = findService('mariadb');
  if (installed !== null) return prepare(installed, dirname(dirname(installed)), {});
  const root = join(CACHE, 'debian-mariadb');
  if (!existsSync(root)) await makeOnce(root, unpackFromDebian);
  return prepare(join(root, 'usr', 'sbin', 'mariadbd'), join(root, 'usr'), { LD_LIBRARY_PATH: librariesIn(root) });
}

async function prepare(server: string, base: string, env: Record<string, string>): Promise<MariadbProgram> {
  const args = [
    '--no-defaults',
    `--basedir=${base}`,
    `--lc-messages-dir=${join(base, 'share', 'mysql')}`,
    // It refuses to run as root unless told so.
    ...(userInfo().uid === 0 ? ['--user=root'] : []),
  ];
  const { stdout: version } = await call(server, ['--no-defaults', '--version'], { env });
  const mark = createHash('sha256')
    .update(`${version}\n${args.join(' ')}`)
    .digest('hex')
    .slice(0, 12);
  const template = join(CACHE, `mariadb-template-${mark}`);
  const program = { server, args, env, template };
  if (!existsSync(template)) await makeOnce(template, (folder) => makeDataFolder(program, base, version, folder));
  return program;
}

/** Two runs may make the same thing at once: each makes its own, and the first to finish gives it its name. */
async function makeOnce(path: string, make: (folder: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const own = `${path}.${process.pid}-${randomUUID().slice(0, 8)}.new`;
  try {
    await mkdir(own);
    await make(own);
    await rename(own, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** What `mariadb-install-db` does, without the shell and the programs it looks for: a root without password, no more. */
async function makeDataFolder(program: MariadbProgram, base: string, version: string, folder: string): Promise<void> {
  const common = [...program.args, ...FILE_SETTINGS, `--datadir=${folder}`];
  if (!version.includes('MariaDB')) {
    await call(program.server, [...common, '--initialize-insecure'], { env: program.env });
    return;
  }
  const scripts = ['mysql_system_tables.sql', 'mysql_performance_tables.sql', 'mysql_system_tables_data.sql'];
  const statements = [
    'create database mysql;\nuse mysql;\nset @auth_root_socket = null;\nset @skip_auth_anonymous = 1;\n',
    ...scripts.map((name) => readFileSync(join(base, 'share', 'mysql', name), 'utf8')),
  ];
  const args = [...common, '--bootstrap', '--skip-log-error', '--innodb-flush-method=nosync'];
  const running = call(program.server, args, { env: program.env, maxBuffer: 16 * 1024 * 1024 });
  running.child.stdin?.on('error', () => {}).end(statements.join('\n'));
  await running;
}

/** The packages themselves, then, until nothing is missing, the packages of the libraries they miss. */
async function unpackFromDebian(folder: string): Promise<void> {
  const downloads = await mkdtemp(`${folder}-packages-`);
  try {
    const options = await aptOptions(downloads);
    await fetchPackage(['mariadb-server-core'], options, downloads, folder);
    const server = join(folder, 'usr', 'sbin', 'mariadbd');
    for (const library of await missingLibraries(server, folder)) {
      await fetchPackage(packagesOf(library), options, downloads, folder);
    }
    const missing = await missingLibraries(server, folder);
    if (missing.length > 0) throw new Error(`the unpacked MariaDB lacks ${missing.join(', ')}`);
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}

/** The system's package lists when there are any; otherwise lists of our own, which any user may fetch. */
async function aptOptions(folder: string): Promise<string[]> {
  const known = await call('apt-cache', ['show', 'mariadb-server-core']).then(
    ({ stdout }) => stdout.includes('Filename:'),
    () => false,
  );
  const asUs = ['-o', `APT::Sandbox::User=${userInfo().username}`];
  if (known) return asUs;
  const own = [...asUs, '-o', `Dir::State=${join(folder, 'state')}`, '-o', `Dir::Cache=${join(folder, 'cache')}`];
  await mkdir(join(folder, 'state', 'lists', 'partial'), { recursive: true });
  await mkdir(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  const options = [...own, '-o', 'Dir::State::status=/var/lib/dpkg/status'];
  await call('apt-get', [...options, 'update'], { timeout: FETCH_LIMIT_MS });
  return options;
}

/** Unpacks the first package of these names that there is. */
async function fetchPackage(names: readonly string[], options: readonly string[], downloads: string, into: string) {
  let reason: unknown;
  for (const name of names) {
    try {
      await call('apt-get', [...options, 'download', name], { cwd: downloads, timeout: FETCH_LIMIT_MS });
      for (const file of (await readdir(downloads)).filter((entry) => entry.endsWith('.deb'))) {
        await call('dpkg', ['-x', join(downloads, file), into]);
        await rm(join(downloads, file));
      }
      return;
    } catch (error) {
      reason = error;
    }
  }
  throw new Error(`the Debian package ${names.join(' or ')} could not be fetched`, { cause: reason });
}

async function missingLibraries(server: string, root: string): Promise<string[]> {
  const { stdout } = await call('ldd', [server], { env: { ...process.env, LD_LIBRARY_PATH: librariesIn(root) } });
  return [...stdout.matchAll(/^\s*(\S+) => not found$/gm)].flatMap(([, name]) => name ?? []);
}

/** `libaio.so.1` is in `libaio1`, or `libaio1t64` since Debian 13. */
function packagesOf(library: string): string[] {
  const [, stem = library, version = ''] = /^(.+?)\.so\.(\d+)/.exec(basename(library)) ?? [];
  const name = /\d$/.test(stem) ? `${stem}-${version}` : `${stem}${version}`;
  return [name, `${name}t64`, `${name}v5`];
}

function librariesIn(root: string): string {
  const usr = join(root, 'usr', 'lib');
  if (!existsSync(usr)) return usr;
  const folders = readdirSync(usr).filter((name) => name.endsWith('-linux-gnu'));
  return folders
    .flatMap((name) => [join(usr, name), join(root, 'lib', name)])
    .filter((folder) => existsSync(folder))
    .join(':');
}
