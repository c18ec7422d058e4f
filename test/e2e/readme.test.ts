/** The commands that the README and the contributor's guide show do what they are shown for. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { run, type Server, serverForTest, temporaryPlace } from '../kit/program.ts';
import { startSite } from '../kit/site.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const SCRIPTS = Object.keys((JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest).scripts);
type Manifest = { scripts: Record<string, string> };

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The lines of a page's `sh` blocks, without their comments. */
function commandsIn(file: string): string[] {
  const blocks = [...textOf(file).matchAll(/^```sh\n(.*?)^```$/gms)].map((match) => match[1] ?? '');
  const lines = blocks.flatMap((block) => block.split('\n'));
  return lines.map((line) => line.replace(/\s+# .*$/, '').trim()).filter((line) => line !== '');
}

/** The words of a command line whose only quotes are plain double ones. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
}

describe.each(['README.md', 'CONTRIBUTING.md'])('%s', (file) => {
  it.each(commandsIn(file))('shows `%s`', async (line) => {
    const [program = '', ...args] = wordsOf(line);
    if (program === 'npm') return expect(SCRIPTS).toContain(args[0] === 'run' ? args[1] : args[0]);
    const site = await startSite();
    onTestFinished(() => site.stop());
    const { folder } = temporaryPlace();
    const server = await serverForTest({ folder });
    switch (program) {
      case 'bin/jetmon2': {
        const here = args.map((word) => word.replace(/https:\/\/example\.com\b\/?/, site.url));
        expect(await run(here, { folder })).toMatchObject({ code: 0, err: '' });
        break;
      }
      case 'curl':
        expect(await curl(args, server)).toBe(200);
        break;
      default:
        expect.fail(`nothing here knows how to try ${program}`);
    }
  });

  it('names no script that is not there', () => {
    const named = [...textOf(file).matchAll(/`npm run ([\w:-]+)/g)].map((match) => match[1]);
    expect(SCRIPTS).toEqual(expect.arrayContaining(named));
  });

  it('names no file or folder that is not there', () => {
    const links = [...textOf(file).matchAll(/\]\(((?!https?:)[^)#]+)/g)].map((match) => match[1] ?? '');
    for (const link of links) expect(() => readFileSync(join(ROOT, link)), link).not.toThrow(/ENOENT/);
  });
});

describe('the README', () => {
  it('is not without commands', () => {
    expect(commandsIn('README.md')).toEqual(
      expect.arrayContaining(['npm start', 'npm test', 'bin/jetmon2 sites add https://example.com']),
    );
  });

  it('names only commands that exist', async () => {
    const named = [...textOf('README.md').matchAll(/bin\/jetmon2 ([a-z]+)/g)].map((match) => match[1] ?? '');
    for (const command of new Set(named)) {
      expect(await run([command, '--help'], temporaryPlace())).toMatchObject({ code: 0, err: '' });
    }
  });
});

/** What curl would do with these words against our server: `-H <header>` and a URL. Returns the status. */
async function curl(args: readonly string[], server: Server): Promise<number> {
  const headers = new Headers();
  let url = '';
  for (let at = 0; at < args.length; at++) {
    if (args[at] === '-H') {
      const [name = '', value = ''] = (args[++at] ?? '').split(/:\s*/, 2);
      headers.set(name, value.replace('$TOKEN', server.token));
    } else url = args[at] ?? '';
  }
  return (await fetch(url.replace('http://127.0.0.1:8080', server.address), { headers })).status;
}
