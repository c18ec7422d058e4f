/**
 * The package as somebody has it: packed by npm, unpacked into an empty folder, with what it says it depends on linked
 * beside it. npm itself would fetch those from the network.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const PROJECT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

export type InstalledPackage = {
  /** The folder of whoever installed it; `node_modules` is in there. */
  folder: string;
  /** Files of the tarball, sorted. */
  files: string[];
  /** Writes a file beside `node_modules` and returns its path. */
  write(name: string, text: string): string;
  remove(): void;
};

export async function installPackage(): Promise<InstalledPackage> {
  const folder = mkdtempSync(join(tmpdir(), 'jetmon2-installed-'));
  const env = { ...process.env, npm_config_offline: 'true', npm_config_cache: join(folder, 'cache') };
  const pack = ['pack', '--json', '--ignore-scripts=false', '--foreground-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', pack, { cwd: PROJECT, env, maxBuffer: 16 * 1024 * 1024 });
  const packed = packedIn(stdout);
  const installed = join(folder, 'node_modules', 'jetmon2');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['-xzf', join(folder, packed.filename), '-C', installed, '--strip-components=1']);
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  linkDependencies(join(folder, 'node_modules'), join(installed, 'package.json'));
  return {
    folder,
    files: packed.files.map(({ path }) => path).sort(),
    write(name, text) {
      const file = join(folder, name);
      writeFileSync(file, text);
      return file;
    },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

type Packed = { filename: string; files: { path: string }[] };

/** What scripts say comes before the document; npm writes a list or, from its version 12 on, an object by name. */
function packedIn(stdout: string): Packed {
  const document = JSON.parse(stdout.slice(stdout.search(/^[[{]/m))) as Record<string, Packed>;
  const packed = Object.values(document)[0];
  if (packed === undefined) throw new Error(`npm packed nothing: ${stdout}`);
  return packed;
}

function linkDependencies(modules: string, manifest: string): void {
  const { dependencies, optionalDependencies, bin } = JSON.parse(readFileSync(manifest, 'utf8')) as {
    dependencies: Record<string, string>;
    optionalDependencies: Record<string, string>;
    bin: Record<string, string>;
  };
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const link = join(modules, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(PROJECT, 'node_modules', name), link);
  }
  mkdirSync(join(modules, '.bin'));
  for (const [name, file] of Object.entries(bin)) {
    symlinkSync(join('..', 'jetmon2', file), join(modules, '.bin', name));
  }
}
