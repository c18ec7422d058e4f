/** Which test site stands in for sites that fail or are well: one that answers on this machine, one that is named, or none. */
import { type Command, Option } from 'commander';
import { AppError } from '../../domain/errors.ts';
import { worstVerdict } from '../../domain/verdict.ts';
import type { Terminal } from '../command.ts';
import type { Api } from './connection.ts';
import type { Fixture } from './failure-modes.ts';
import { WELL } from './well.ts';

export type FixtureOptions = { fixtureUrl: string; fixtureProbeUrl?: string };

const HERE = { http: 'http://127.0.0.1:8091', https: 'https://127.0.0.1:8443' };
const NONE: Fixture = { http: null, https: null };
/** Ports over TLS that go with those over plain HTTP: that of the command, and that of containers. */
const TLS_PORTS: Readonly<Record<string, string>> = { 8091: '8443', 18091: '18443' };
const PROBE_MS = 750;

export function addFixtureOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--fixture-url <url>',
        'the test site as the server reaches it; `auto`: the one on this machine if it answers; `off`: public hosts',
      ).default('auto'),
    )
    .option('--fixture-probe-url <url>', 'the same as this command reaches it, where that is another address');
}

/** Throws `invalid_arguments`. */
export async function chooseFixture(
  options: FixtureOptions,
  { isLocal }: Pick<Api, 'isLocal'>,
  terminal: Pick<Terminal, 'env'>,
): Promise<Fixture> {
  const probeUrl =
    options.fixtureProbeUrl === undefined ? null : originIn('--fixture-probe-url', options.fixtureProbeUrl);
  if (options.fixtureUrl === 'off') return NONE;
  const named = options.fixtureUrl === 'auto' ? null : siblings(originIn('--fixture-url', options.fixtureUrl));
  if (named === null && probeUrl === null && !isLocal) return NONE;
  // What was named is believed: the server may reach what this command does not.
  if (named !== null && probeUrl === null) return named;
  const asked = probeUrl === null ? HERE : siblings(probeUrl);
  const answers = await whichAnswer(asked, terminal);
  if (named !== null && !answers.http && !answers.https) {
    throw new AppError('invalid_arguments', `no test site answers at ${probeUrl?.origin}`, {
      fix: 'start it with `jetmon2 testsite`, or leave out --fixture-probe-url to believe --fixture-url',
    });
  }
  const wanted = named ?? asked;
  return { http: answers.http ? wanted.http : null, https: answers.https ? wanted.https : null };
}

/** The two origins of one test site, of which either may be named. */
function siblings(origin: URL): Fixture {
  const { protocol, port } = origin;
  if (protocol === 'https:') {
    const plain = Object.entries(TLS_PORTS).find(([, tls]) => tls === port)?.[0];
    return { http: plain === undefined ? null : withPort(origin, 'http:', plain), https: origin.origin };
  }
  const tls = TLS_PORTS[port];
  return { http: origin.origin, https: tls === undefined ? null : withPort(origin, 'https:', tls) };
}

function withPort({ hostname }: URL, protocol: 'http:' | 'https:', port: string): string {
  return `${protocol}//${hostname}:${port}`;
}

async function whichAnswer(fixture: Fixture, { env }: Pick<Terminal, 'env'>): Promise<Record<keyof Fixture, boolean>> {
  // A prober is much to load for whoever names a test site.
  const [{ loadConfig }, { probeOnce }] = await Promise.all([
    import('../../app/config.ts'),
    import('../../app/probe-once.ts'),
  ]);
  const { config } = loadConfig(env);
  const urls = [fixture.http, fixture.https].flatMap((origin) => (origin === null ? [] : [`${origin}/health`]));
  const answering = new Set<string>();
  const options = { timeoutMs: PROBE_MS, allowPrivate: true, plan: WELL };
  await probeOnce({ ...config, NUM_WORKERS: 1 }, urls, options, (url, { verdicts }) => {
    // Nobody vouches for the certificate of a test site: whoever shows one is there.
    const { state, reason } = worstVerdict(verdicts);
    if (state === 'Up' || reason === 'tls_self_signed') answering.add(url);
  });
  return { http: answering.has(`${fixture.http}/health`), https: answering.has(`${fixture.https}/health`) };
}

function originIn(option: string, text: string): URL {
  const url = URL.parse(text);
  const isOrigin = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
  if (isOrigin && url.pathname === '/' && url.search === '') return url;
  throw new AppError('invalid_arguments', `${option} is not the address of a test site`, {
    fix: 'write it as `http://127.0.0.1:8091`, or give auto or off',
  });
}
