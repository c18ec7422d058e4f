/** Probes never use a proxy: it would answer for the site. Whoever set one should not wonder. */

const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'] as const;

/** One line for standard error; null when no proxy is set. Values are not shown: they may hold passwords. */
export function proxyNotice(env: Readonly<Record<string, string | undefined>>): string | null {
  const isSet = (name: string) => (env[name] ?? '') !== '';
  const found = PROXY_VARIABLES.flatMap((name) => [name, name.toLowerCase()]).filter(isSet);
  if (found.length === 0) return null;
  const verb = found.length === 1 ? 'is set but not used' : 'are set but not used';
  return `note: ${found.join(', ')} ${verb}: probes go straight to the site\n`;
}
