/** The file that tells other programs our process id while we run (`JETMON_PID_FILE`). */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { AppError } from '../domain/errors.ts';

/** Returns what removes it again, unless somebody else's id stands in it by then. Throws `pid_file_unusable`. */
export function writePidFile(path: string, pid: number): () => void {
  const temporary = `${path}.${pid}`;
  try {
    rmSync(temporary, { force: true });
    writeFileSync(temporary, `${pid}\n`, { flag: 'wx', mode: 0o644 });
    renameSync(temporary, path);
  } catch (cause) {
    throw new AppError('pid_file_unusable', `JETMON_PID_FILE: ${path} cannot be written (${codeOf(cause)})`, {
      fix: 'give the user that runs jetmon2 the right to write there, or name another file',
      cause,
    });
  }
  return () => {
    if (readPidFile(path) === pid) rmSync(path, { force: true });
  };
}

/** Null when there is no such file, or no process id in it. */
export function readPidFile(path: string): number | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  return /^[1-9]\d{0,9}\s*$/.test(text) ? Number(text) : null;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
