/** The switch: how the pages under `/site` fail, all of them or one by its name. */

/** `http-500` and every other status from 200 to 599, or one of those that have a name. */
export type Failure = { kind: 'status'; code: number } | { kind: 'timeout' | 'drop' | 'keyword' | 'redirect' };

export const FAILURE_MODES = 'http-<200-599>, timeout, drop, keyword or redirect';

/** The name of a page under `/site`. */
export const PAGE_NAME = /^[\w-]{1,64}$/;

const MAX_PAGES = 1_000;

export type Failures = {
  /** False when too many pages have a failure of their own. */
  set(mode: string, page: string | null): boolean;
  /** Without a page it heals all. */
  clear(page: string | null): void;
  of(page: string | null): Failure | null;
  list(): { all: string | null; sites: Record<string, string> };
};

export function createFailures(): Failures {
  const pages = new Map<string, string>();
  let all: string | null = null;
  return {
    set(mode, page) {
      if (page === null) all = mode;
      else if (pages.size < MAX_PAGES || pages.has(page)) pages.set(page, mode);
      else return false;
      return true;
    },
    clear(page) {
      if (page !== null) {
        pages.delete(page);
        return;
      }
      all = null;
      pages.clear();
    },
    of: (page) => failureIn((page === null ? undefined : pages.get(page)) ?? all ?? ''),
    list: () => ({ all, sites: Object.fromEntries(pages) }),
  };
}

/** null for a word that is none. */
export function failureIn(mode: string): Failure | null {
  if (mode === 'timeout' || mode === 'drop' || mode === 'keyword' || mode === 'redirect') return { kind: mode };
  const code = /^http-([2-5]\d\d)$/.exec(mode)?.[1];
  return code === undefined ? null : { kind: 'status', code: Number(code) };
}
