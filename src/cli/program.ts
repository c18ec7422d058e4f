/** From argv to a command to an exit code: 0 well, 1 a failing result, 2 wrong usage or a thing that cannot start. */
import { Command, CommanderError } from 'commander';
import { AppError } from '../domain/errors.ts';
import { escapeControl } from '../lib/escape.ts';
import { nearest } from '../lib/nearest.ts';
import type { Terminal } from './command.ts';
import { COMMANDS } from './commands.ts';
import { addLazily, loadCommand } from './lazy-command.ts';
import { refusalLine } from './refusal-line.ts';
import { usageRefusal } from './usage-refusal.ts';

export type Ended = {
  exitCode: number;
  /** What was printed is worth no wait: the reader of a server's log may be gone, and the server must end all the same. */
  isServer: boolean;
};

export async function runCli(argv: readonly string[]): Promise<Ended> {
  let exitCode = 0;
  const terminal: Terminal = {
    out: process.stdout,
    err: process.stderr,
    stdin: process.stdin,
    env: process.env,
    setExitCode(code) {
      exitCode = Math.max(exitCode, code);
    },
  };
  const isServer = COMMANDS.some(({ name, isServer }) => isServer === true && name === wantedIn(argv));
  const lost = watchOutput(terminal);
  try {
    await (await programFor(argv, terminal)).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    exitCode = report(error, argv, terminal);
  }
  const why = isServer ? null : await lost();
  return { exitCode: why === null ? exitCode : sayLost(why, terminal), isServer };
}

/**
 * A full disk, or a reader that is gone (`| head`, a log collector), must not end a server. The function it returns waits
 * until all is printed and says why some of it could not be; null: it was, or nobody wanted more of it.
 */
function watchOutput({ out, err }: Terminal): () => Promise<string | null> {
  let why: string | null = null;
  out.on('error', ({ code = 'unknown' }: NodeJS.ErrnoException) => {
    if (code !== 'EPIPE') why ??= code;
  });
  err.on('error', () => {});
  return async () => {
    await new Promise<unknown>((done) => out.write('', done));
    return why;
  };
}

/** Half a list must not be taken for the whole of it. */
function sayLost(why: string, { err }: Terminal): number {
  err.write(
    `error: what was to be printed could not be written (${why}). Fix: make room where it goes, and run it again.\n`,
  );
  return 1;
}

/** Only the command that is asked for is loaded; the others stand in the help as their line. */
async function programFor(argv: readonly string[], terminal: Terminal): Promise<Command> {
  const wanted = wantedIn(argv);
  if (wanted !== null && wanted !== 'help' && !COMMANDS.some((entry) => entry.name === wanted)) {
    throw unknownCommand(wanted);
  }
  const program = new Command('jetmon2')
    .description('Site health you can prove. Start with `jetmon2 check <url>` or `jetmon2 serve`.')
    .exitOverride()
    .configureOutput({
      writeErr: (text) => terminal.err.write(escapeControl(text.trimEnd()).replaceAll('\\u000a', '\n').concat('\n')),
      // Wrong usage is reported like every other refusal.
      outputError() {},
    })
    .addHelpText(
      'after',
      '\nExamples:\n  $ jetmon2 check example.com\n  $ jetmon2 serve --site https://example.com\n  $ jetmon2 sites add example.com\n',
    );
  for (const entry of COMMANDS) {
    const command = addLazily(program, entry, terminal);
    if (entry.name === wanted || (wanted === 'help' && argv.includes(entry.name))) await loadCommand(command);
  }
  if (wanted === null && argv.includes('--version')) return versionOnly(program, terminal);
  return program
    .helpCommand(true)
    .usage('<command> [options]')
    .action(() => program.outputHelp());
}

/** The word that names a command; null when there is none. */
function wantedIn(argv: readonly string[]): string | null {
  return argv.find((word) => !word.startsWith('-')) ?? null;
}

async function versionOnly(program: Command, terminal: Terminal): Promise<Command> {
  const { versionText } = await import('./version.ts');
  return program.option('--version').action(() => void terminal.out.write(`${versionText()}\n`));
}

function unknownCommand(word: string): AppError {
  const guess = nearest(
    word,
    COMMANDS.map((entry) => entry.name),
  );
  return new AppError('invalid_arguments', `there is no command "${word}"`, {
    fix: guess === null ? 'run `jetmon2 --help` for the list' : `did you mean \`jetmon2 ${guess}\``,
  });
}

function report(error: unknown, argv: readonly string[], terminal: Terminal): number {
  if (error instanceof CommanderError && (error.exitCode === 0 || error.code === 'commander.help')) {
    return error.exitCode === 0 ? 0 : 2;
  }
  const known = refusalIn(error, argv);
  const message =
    known?.message ?? `This is a fault of jetmon2: ${error instanceof Error ? (error.stack ?? error.message) : error}`;
  const asJson = asksForJson(argv);
  if (known === null && !asJson) {
    terminal.err.write(`error: ${message.split('\n').map(escapeControl).join('\n')}\n`);
  } else {
    const { code = 'internal', fix = null, details } = known ?? {};
    terminal.err.write(refusalLine({ code, message, fix, details }, asJson));
  }
  return known === null ? 1 : 2;
}

function refusalIn(error: unknown, argv: readonly string[]): AppError | null {
  if (error instanceof CommanderError) return usageRefusal(error, wantedIn(argv));
  return error instanceof AppError ? error : null;
}

/** However it goes wrong, and though the words could not be read. */
function asksForJson(argv: readonly string[]): boolean {
  const isOutput = (word: string, at: number) => word === '--output' && argv[at + 1] === 'json';
  return argv.includes('--json') || argv.includes('--output=json') || argv.some(isOutput);
}
