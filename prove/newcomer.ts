/** The surroundings of somebody who has just cloned the project: their own Node and npm, nothing of ours. */
import { delimiter } from 'node:path';
import { findProgram } from '../test/kit/programs.ts';

/** What npm tells the scripts it runs; a newcomer's shell has none of it. */
const OURS =
  /^(npm_(lifecycle|package|command|execpath|node_execpath|config_(local_prefix|prefix|cache|user_agent))|INIT_CWD$|NODE_|JETMON_|HTTP_|DATABASE_URL$|CI$)/;

/** The environment without what we or npm put in, plus `extra`. */
export function newcomerEnvironment(extra: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
  return { ...env, PATH: newcomerPath(env['PATH'] ?? ''), ...extra };
}

/** The search path without any project's own programs. */
export function newcomerPath(path: string): string {
  const folders = path.split(delimiter).filter((folder) => !/node_modules|node-gyp-bin/.test(folder));
  return folders.join(delimiter);
}

/** The machine's own Node, which may be an old one; our own when it has none. */
export function systemNode(path: string): string {
  return findProgram('node', newcomerPath(path).split(delimiter)) ?? process.execPath;
}
