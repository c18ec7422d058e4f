/** The program: argv in, exit code out. The only file that ends the process. */
import { watchLifeline, watchNpm } from './app/lifeline.ts';
import { runCli } from './cli/program.ts';

watchNpm(process.env, () => process.kill(process.pid, 'SIGTERM'));
watchLifeline(process.env, () => process.exit(1));
process.exitCode = await runCli(process.argv.slice(2));
