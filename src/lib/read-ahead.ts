/** Pages by key, each asked for while the one before it is being taken in. */
export async function* readAhead<Page, Key>(
  first: Key,
  read: (after: Key) => Promise<Page>,
  /** The key behind which the next page begins; null when there is none. */
  nextOf: (page: Page) => Key | null,
): AsyncGenerator<Page> {
  let coming: Promise<Page> | null = read(first);
  while (coming !== null) {
    const page: Page = await coming;
    const next = nextOf(page);
    coming = next === null ? null : read(next);
    // Whether it fails is asked when its turn has come.
    coming?.catch(() => {});
    yield page;
  }
}
