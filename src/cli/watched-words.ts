/** What became of a URL that someone asked to watch, in words. */

type Watched = { siteId: bigint | number } & (
  | { outcome: 'created' | 'exists' | 'paused' }
  | { outcome: 'resumed'; was: 'paused' | 'removed' }
);

/** Follows "<url> is". */
export function watchedWords(watched: Watched): string {
  const site = `site ${watched.siteId}`;
  switch (watched.outcome) {
    case 'created':
      return `watched as ${site}`;
    case 'exists':
      return `already watched as ${site}`;
    case 'paused':
      return `${site}, which is paused; resume it with \`jetmon2 sites resume ${watched.siteId}\``;
    case 'resumed':
      return `watched again as ${site}; it was ${watched.was}`;
  }
}
