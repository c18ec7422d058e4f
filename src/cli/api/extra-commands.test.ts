import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../../../test/kit/command.ts';
import type { Terminal } from '../command.ts';
import { EXTRA } from './extra-commands.ts';

const TERMINAL: Terminal = {
  out: process.stdout,
  err: process.stderr,
  stdin: process.stdin,
  env: {},
  setExitCode() {},
};

const TAKES_UNMARKED = ['cleanup', 'simulate-failure'];

/** Where a request would end that should not have been made. */
const ELSEWHERE = ['--base-url', 'https://monitor.example', '--token', 'jm_x'];

const COMMANDS = await Promise.all(EXTRA.map(async ({ name, load }) => ({ name, module: await load() })));

describe.each(COMMANDS)('$name on another machine', ({ name, module }) => {
  async function refusal(...words: string[]): Promise<string> {
    const more = name === 'cleanup' && !words.includes('--batch') ? ['--site-id', '3'] : [];
    const refused = await runCommand(module, [...ELSEWHERE, ...more, ...words]).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'invalid_arguments' });
    const { message, fix } = refused as { message: string; fix: string };
    return `${message}. ${fix}`;
  }

  it('wants to be allowed', async () => {
    expect(await refusal('--batch', 'b')).toMatch(/monitor\.example is not this machine.+--allow-remote/);
  });

  it('wants a batch', async () => {
    expect(await refusal('--allow-remote')).toMatch(/no batch is named.+--batch/);
  });

  it.runIf(TAKES_UNMARKED.includes(name))('touches nothing without a mark', async () => {
    const words = ['--allow-remote', '--batch', 'b', '--allow-unmarked'];
    expect(await refusal(...words)).toMatch(/--allow-unmarked is not for monitor\.example/);
  });
});

describe.each(COMMANDS)('$name', ({ module }) => {
  it('has its defaults also where it is loaded after its place was parsed', () => {
    const command = new Command('it');
    module.define(command, TERMINAL);
    const names = new Set(command.options.map(({ long }) => long));
    const alone = command.options.filter(
      ({ negate, long }) => negate && !names.has(long?.replace('--no-', '--') ?? ''),
    );
    expect(alone.filter(({ defaultValue }) => defaultValue !== true)).toEqual([]);
  });
});
