import { spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Terminal } from './command.ts';
import { COMMANDS } from './commands.ts';
import { addLazily } from './lazy-command.ts';

async function scriptFor(shell: string): Promise<string> {
  let said = '';
  const out = { write: (text: string) => (said += text) } as unknown as NodeJS.WriteStream;
  const terminal: Terminal = { out, err: out, stdin: process.stdin, env: {}, setExitCode() {} };
  const program = new Command('jetmon2').exitOverride();
  for (const entry of COMMANDS) addLazily(program, entry, terminal);
  await program.parseAsync(['completion', shell], { from: 'user' });
  return said;
}

const scripts = new Map<string, string>();
beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish']) scripts.set(shell, await scriptFor(shell));
  // Every command there is is loaded.
}, 60_000);

/** What bash offers for the last word, as readline would ask for it. */
function offered(...words: string[]): string[] {
  const ask = `
${scripts.get('bash')}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_jetmon2 2>/dev/null
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', ask, 'bash', ...words], { encoding: 'utf8' });
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout.split('\n').filter((word) => word !== '');
}

describe('completion in bash', () => {
  it.each([
    [['jetmon2', 'se'], ['serve']],
    [['jetmon2', 'api', 'sit'], ['sites']],
    [['jetmon2', 'api', 'sites', 'tr'], ['trigger-now']],
    [
      ['jetmon2', 'completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['jetmon2', 'api', 'sites', 'list', '--sta'],
      ['--state', '--state-in'],
    ],
    [
      ['jetmon2', 'api', 'sites', 'list', '--output', ''],
      ['table', 'json'],
    ],
    [['jetmon2', 'api', 'sites', 'list', '--output', '=', 'j'], ['json']],
    [
      ['jetmon2', 'api', 'sites', 'list', '--output', '='],
      ['table', 'json'],
    ],
    [['jetmon2', 'api', 'sites', 'list', '--state', 'Se'], ['Seems\\ Down']],
    [
      ['jetmon2', 'api', 'sites', 'create', '--redirect-policy', 'f'],
      ['follow', 'fail'],
    ],
    [['jetmon2', 'api', 'sites', 'update', '3', '--monitor-active', 't'], ['true']],
    [['jetmon2', 'api', 'sites', 'list', '--limit', ''], []],
    [['jetmon2', 'api', 'sites', 'get', ''], []],
    [['jetmon2', 'sites', 'import', '--fr'], ['--from']],
    [['bin/jetmon2', 'sites', 'pau'], ['pause']],
  ])('of %j offers %j', (words, expected) => {
    expect(offered(...words)).toEqual(expected);
  });

  it('offers every command there is', () => {
    expect(offered('jetmon2', '')).toEqual(COMMANDS.map(({ name }) => name));
    expect(offered('jetmon2', 'api', 'events', '')).toEqual(['active', 'close', 'get', 'list', 'transitions']);
  });

  it('is registered for the name of the program', () => {
    const ask = `${scripts.get('bash')}\ncomplete -p jetmon2`;
    expect(spawnSync('bash', ['--norc', '-c', ask], { encoding: 'utf8' }).stdout).toContain('-F _jetmon2 jetmon2');
  });
});

describe.each(['bash', 'zsh', 'fish'])('the script for %s', (shell) => {
  it('is one that the shell can read, where it is installed', () => {
    const { error, status, stderr } = spawnSync(shell, ['-n'], { input: scripts.get(shell) ?? '', encoding: 'utf8' });
    if (error !== undefined) expect(error).toMatchObject({ code: 'ENOENT' });
    else expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('knows commands, options and their words, and closes what it opens', () => {
    const text = scripts.get(shell) ?? '';
    for (const word of ['serve', 'trigger-now', 'bulk-create', 'base-url', 'Seems Down', 'any-origin'])
      expect(text).toContain(word);
    expect(unquoted(text, shell)).not.toMatch(/['"]/);
  });
});

/** Without comments and quoted text; what is left of a quote was never closed. */
function unquoted(text: string, shell: string): string {
  const single = shell === 'fish' ? /'(?:[^'\\]|\\.)*'/gs : /\$?'[^']*'/g;
  return text
    .replace(/^\s*#.*$/gm, '')
    .replace(/\\'/g, shell === 'fish' ? "\\'" : '')
    .replace(single, '')
    .replace(/"(?:[^"\\]|\\.)*"/g, '');
}
