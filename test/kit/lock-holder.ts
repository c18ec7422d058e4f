/** Locks the data folder named in argv, says so, and waits to be killed. */
import { lockDataDir } from '../../src/store/data-dir.ts';

const [folder = ''] = process.argv.slice(2);
const lock = await lockDataDir(folder, { pid: process.pid, command: 'jetmon2 serve' });
lock.announce('http://127.0.0.1:8080');
process.stdout.write('locked\n');
setInterval(() => lock.announce('http://127.0.0.1:8080'), 60_000);
