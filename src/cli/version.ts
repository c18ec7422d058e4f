/** `jetmon2 version`: what is running, and what is known about its runtime. */
import type { Command } from 'commander';
import { packageVersion } from '../app/version.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 version\n')
    .action((options: { json?: boolean }) => {
      const { node, openssl } = process.versions;
      const facts = { version: packageVersion(), node, openssl, known_flaws: knownFlaws(node) };
      terminal.out.write(options.json ? jsonLine(facts) : `${versionText()}\n`);
    });
}

export function versionText(): string {
  const { node, openssl } = process.versions;
  const flaws = knownFlaws(node).map((flaw) => `\nthis Node has ${flaw}; SECURITY.md says why it cannot be reached`);
  return `jetmon2 ${packageVersion()} (Node ${node}, OpenSSL ${openssl})${flaws.join('')}`;
}

/** First releases of each major with the fix for the out-of-bounds write in the Brotli decoder. */
const BROTLI_FIXED: Readonly<Record<number, readonly [minor: number, patch: number]>> = { 24: [22, 1], 26: [12, 1] };

/** Published flaws of a Node release that matter to a program that talks to strangers. */
export function knownFlaws(node: string): string[] {
  const [major = 0, minor = 0, patch = 0] = node.split('.').map(Number);
  const fixed = BROTLI_FIXED[major] ?? (major > 26 ? [0, 0] : null);
  const isFixed = fixed !== null && (minor > fixed[0] || (minor === fixed[0] && patch >= fixed[1]));
  return isFixed ? [] : ['CVE-2026-111497 (Brotli decoder)'];
}
