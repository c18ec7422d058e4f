/** The code that follows from proto/ and is committed, made anew. Needs no network: buf and its plugin are packages. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Where `out` in proto/buf.gen.yaml leads. */
export const GENERATED_CODE = 'src/verifier/gen';

/** Path below the root to text. Throws with what buf said when the proto is wrong. */
export async function generatedCode(): Promise<Map<string, string>> {
  const out = mkdtempSync(join(tmpdir(), 'jetmon2-gen-'));
  try {
    await buf('lint', 'proto');
    await buf('generate', '--template', 'proto/buf.gen.yaml', '--output', out, 'proto');
    return new Map(
      readdirSync(join(out, GENERATED_CODE), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
        .map((file) => [relative(out, file), readFileSync(file, 'utf8')]),
    );
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function buf(...args: string[]): Promise<void> {
  const bin = join(ROOT, 'node_modules', '.bin');
  // The plugin is found, and runs, by PATH.
  const env = { ...process.env, PATH: [bin, dirname(process.execPath), process.env['PATH']].join(delimiter) };
  const program = join(ROOT, 'node_modules', '@bufbuild', 'buf', 'bin', 'buf');
  await promisify(execFile)(process.execPath, [program, ...args], { cwd: ROOT, env });
}
