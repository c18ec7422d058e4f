/** What a monitor URL may be: one rule for the API, the terminal and the command line. */
import { AppError } from '../domain/errors.ts';

/** What the registry's column holds (spec/01 section 12.1). */
export const MAX_URL_BYTES = 300;

const EXAMPLE = 'give an address such as https://example.com/';

/**
 * The canonical text of an absolute http or https URL (WHATWG). A fragment is dropped: it is never sent. Throws
 * `invalid_url` with the cause and a fix.
 */
export function parseMonitorUrl(text: string): string {
  if (text === '') refuse('the URL is empty', EXAMPLE);
  if (CONTROL.test(text)) refuse('the URL contains a control character', 'remove tabs, line breaks and the like');
  if (text.trim() !== text) refuse('the URL begins or ends with a space', 'remove the space');
  if (!URL.canParse(text)) refuse(`${quoted(text)} is not an absolute URL`, EXAMPLE);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    refuse(`${quoted(text)} uses the scheme ${url.protocol}, which is not watched`, 'use http:// or https://');
  }
  if (url.hostname === '') refuse(`${quoted(text)} names no host`, EXAMPLE);
  if (url.username !== '' || url.password !== '') {
    refuse('the URL carries a user name or password', 'remove the part before the @: it would be stored in clear');
  }
  url.hash = '';
  const bytes = new TextEncoder().encode(url.href).length;
  if (bytes > MAX_URL_BYTES) {
    refuse(`the URL is ${bytes} bytes long, the limit is ${MAX_URL_BYTES}`, 'watch a shorter address of the same page');
  }
  return url.href;
}

/** As a person types it in a terminal: a bare `example.com` means https. A misspelled scheme is not taken for a host. */
export function parseTypedUrl(text: string): string {
  return parseMonitorUrl(/^[^/?#]*:\//.test(text) ? text : `https://${text}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is being refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

function refuse(message: string, fix: string): never {
  throw new AppError('invalid_url', message, { fix });
}

/** Bounded and free of surprises; user info never reaches a message because it may be a secret. */
function quoted(text: string): string {
  const shown = text.replace(/\/\/[^/@]*@/, '//...@');
  return JSON.stringify(shown.length > 100 ? `${shown.slice(0, 100)}...` : shown);
}
