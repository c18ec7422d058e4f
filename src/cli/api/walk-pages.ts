/** Every row of a list, page after page, printed as it comes; no more than a page is held. */
import { once } from 'node:events';
import type { Terminal } from '../command.ts';
import { columnsFor } from './columns.ts';
import { refusal } from './flag-values.ts';
import { cell, documentText, type ReplyForm, shortened, tableOf, widthOf } from './show-reply.ts';

export type Page = { data: readonly Record<string, unknown>[]; page: { next: string | null } };

/** Beyond it something is wrong, or another tool is called for. */
const MOST_ROWS = 1_000_000;

/** JSON is one document a line, one a row. Throws `invalid_arguments` after a million rows. */
export async function printAll(
  fetchPage: (cursor: string | undefined) => Promise<Page>,
  form: ReplyForm,
  terminal: Pick<Terminal, 'out'>,
): Promise<void> {
  let columns: readonly string[] | null = null;
  let rows = 0;
  let cursor: string | undefined;
  do {
    const { data, page } = await fetchPage(cursor);
    rows += data.length;
    if (form !== 'table') {
      await write(terminal, data.map((row) => documentText(row, 'json')).join(''));
    } else if (data.length > 0) {
      const shown = data.map(shortened);
      const isFirst = columns === null;
      columns ??= columnsFor(shown, cell, widthOf(terminal));
      const text: string = tableOf(shown, columns);
      await write(terminal, isFirst ? text : text.slice(text.indexOf('\n') + 1));
    }
    if (page.next !== null && (page.next === cursor || rows >= MOST_ROWS)) throw endless(rows);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  if (rows === 0 && form === 'table') await write(terminal, 'There are none.\n');
}

/** A reader that is slow is waited for; one that is gone is not. */
async function write({ out }: Pick<Terminal, 'out'>, text: string): Promise<void> {
  if (text === '' || out.write(text) || out.destroyed) return;
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(out, 'drain', { signal }), once(out, 'close', { signal })]).catch(() => {});
  settled.abort();
}

function endless(rows: number) {
  return refusal(`the list goes on after ${rows} rows`, 'narrow it with filters, or go on with --cursor');
}
