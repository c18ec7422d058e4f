/** Reads a list from standard input: one entry a line, blank lines and `#` comments passed over. */
import { createInterface } from 'node:readline';
import { AppError } from '../domain/errors.ts';

/** Throws AppError `invalid_arguments` beyond `limit` entries. */
export async function readLines(input: NodeJS.ReadableStream, limit: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    if (lines.length === limit) {
      throw new AppError('invalid_arguments', `standard input holds more than ${limit} entries`, {
        fix: 'split the list',
      });
    }
    lines.push(entry);
  }
  return lines;
}
