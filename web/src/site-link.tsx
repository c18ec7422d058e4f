import { linkTarget, shortUrl } from './words.ts';

/** A site's URL as text; a link only where a browser may safely follow it. */
export function SiteLink({ url }: { url: string }) {
  const target = linkTarget(url);
  if (target === null) return <bdi className="url">{url}</bdi>;
  return (
    <a className="url" href={target} target="_blank" rel="noopener noreferrer">
      <bdi>{shortUrl(url)}</bdi>
    </a>
  );
}
