/** A URL as it may be kept and shown. The guard refuses credentials in one; they must not end up in evidence either. */
export function withoutUserInfo(url: URL): string {
  if (url.username === '' && url.password === '') return url.href;
  const shown = new URL(url);
  shown.username = '';
  shown.password = '';
  return shown.href;
}
