import { assertNever } from '../../src/lib/assert.ts';
import type { Link } from './model.ts';

/** Whether what is on the screen is what is happening. */
export function Connection({ link }: { link: Link }) {
  return (
    <p className={`link link-${link}`} role="status">
      <span className="pulse" aria-hidden="true" />
      {wordsFor(link)}
    </p>
  );
}

function wordsFor(link: Link): string {
  switch (link) {
    case 'connecting':
      return 'Connecting…';
    case 'live':
      return 'Live';
    case 'reconnecting':
      return 'Reconnecting…';
    case 'gone':
      return 'Server gone: this may be out of date. Start it with npm start; the page comes back by itself.';
    case 'ended':
      return 'Not live: this may be out of date. Reload the page to try again.';
    default:
      return assertNever(link, 'link');
  }
}
