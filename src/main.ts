/** The program: argv in, exit code out. The only file that ends the process. */
import { watchLifeline, watchNpm } from './app/lifeline.ts';
import { runCli } from './cli/program.ts';

/** For the last lines of a server to be read. */
const LAST_WORDS_MS = 1_000;

watchNpm(process.env, () => process.kill(process.pid, 'SIGTERM'));
watchLifeline(process.env, () => process.exit(1));
const { exitCode, isServer } = await runCli(process.argv.slice(2));
process.exitCode = exitCode;
// A pipe that nobody reads any more would keep a server from ending for ever.
if (isServer) setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
