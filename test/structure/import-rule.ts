/** Who may import whom, as data. The left may import the right and what that may import; siblings never. */

/** Areas of src/ plus `main` (src/main.ts) and `web`. `checks settings` are the settings files of the checks alone. */
export const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  main: ['cli'],
  cli: ['app', 'client', 'testsite'],
  web: ['client', 'contracts'],
  app: ['api', 'engine', 'delivery', 'verifier'],
  api: ['contracts', 'services'],
  client: ['contracts'],
  contracts: ['checks settings', 'domain'],
  engine: ['prober', 'services', 'store'],
  verifier: ['prober', 'domain'],
  delivery: ['wire', 'store'],
  prober: ['checks'],
  services: ['store', 'checks'],
  checks: ['checks settings', 'wire', 'domain'],
  'checks settings': ['domain'],
  store: ['domain', 'telemetry'],
  wire: ['lib', 'telemetry'],
  domain: ['lib'],
  testsite: ['lib'],
  telemetry: ['lib'],
  lib: [],
};

/** What every area but these may import besides. */
export const FOR_ALL_BUT_DOMAIN: readonly string[] = ['telemetry', 'lib'];
const PURE: readonly string[] = ['domain', 'lib', 'telemetry'];

/** Modules that open sockets or look up names: `wire` alone imports them (types excepted). */
export const NETWORK_MODULES: readonly string[] = [
  'net',
  'tls',
  'http',
  'https',
  'http2',
  'dns',
  'dns/promises',
  'dgram',
  'undici',
];

/**
 * Packages that open connections of their own, and who may import them. Verifiers are hosts that the operator names, so the
 * egress guard has no say there, and one client speaks all of their protocol.
 */
export const NETWORK_PACKAGES: Readonly<Record<string, string>> = { '@connectrpc/connect-node': 'verifier' };

/** Files that open a port for others to connect to, and make no connection themselves. */
export const LISTENERS: readonly string[] = ['src/testsite/testsite.ts', 'src/verifier/listener.ts'];

/** Areas that may call `fetch`: the wire, and those who talk to our own API. */
export const MAY_FETCH: readonly string[] = ['wire', 'client', 'web'];

/** Files that only these may import: sockets for probes are made in the prober's thread and nowhere else. */
export const RESERVED: Readonly<Record<string, readonly string[]>> = {
  'src/wire/wire.ts': ['src/prober/worker.ts'],
  'src/wire/run-exchange.ts': ['src/wire/wire.ts'],
  'src/wire/dial.ts': ['src/wire/run-exchange.ts'],
  'src/prober/worker.ts': ['src/prober/pool.ts'],
};

/** Files that take a large library along: loaded by whoever needs them when it does, so that all else starts fast. */
export const LOADED_LATE: readonly string[] = ['src/lib/yaml.ts'];

/** The one file that ends the process. */
export const MAY_EXIT = 'src/main.ts';

/** Everything `area` may import, itself included. */
export function reach(area: string, seen = new Set<string>()): Set<string> {
  if (seen.has(area)) return seen;
  seen.add(area);
  const besides = PURE.includes(area) ? [] : FOR_ALL_BUT_DOMAIN;
  for (const next of [...(MAY_IMPORT[area] ?? []), ...besides]) reach(next, seen);
  return seen;
}

/** The area a file belongs to, or null for a file outside src/ and web/. */
export function areaOf(path: string): string | null {
  if (path === 'src/main.ts') return 'main';
  if (path.startsWith('web/')) return 'web';
  const area = /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
  return area === 'checks' && path.endsWith('.settings.ts') ? 'checks settings' : area;
}
