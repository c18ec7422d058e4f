/** `jetmon2 verifier`: looks at sites from here for monitors elsewhere, until it is told to stop. */
import type { Command } from 'commander';
import { type Config, loadConfig } from '../app/config.ts';
import type { VerifierApp } from '../app/verifier.ts';
import { type VerifierSettings, verifierSettings } from '../app/verifier-settings.ts';
import { packageVersion } from '../app/version.ts';
import { AppError } from '../domain/errors.ts';
import { createLog } from '../telemetry/log.ts';
import type { Terminal } from './command.ts';
import { jsonLine } from './json-line.ts';
import { processSignals } from './signals.ts';

type Options = { port?: string; json?: boolean };

export function define(command: Command, terminal: Terminal): void {
  command
    .option('--port <n>', 'port to answer on; 0 takes any free one')
    .option('--json', 'print the start as one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => run(options, terminal));
}

const HELP = `
Needs VERIFIER_AUTH_TOKEN, the secret that monitors must know. It keeps no data. Other settings come from
config/config.json (or JETMON_CONFIG) and the environment; see docs/verifiers.md. SIGHUP has it read that file again:
tokens, defaults of looks and renewed certificates hold at once, the log names what waits for a restart.

Examples:
  $ VERIFIER_AUTH_TOKEN=$(cat verifier.token) jetmon2 verifier
  $ VERIFIER_TLS_CERT_FILE=chain.pem VERIFIER_TLS_KEY_FILE=key.pem jetmon2 verifier --port 7803
  $ curl -s http://127.0.0.1:7803/status
  $ curl -s -H "Authorization: Bearer $(cat verifier.token)" http://127.0.0.1:7803/metrics
`;

async function run(options: Options, terminal: Terminal): Promise<void> {
  const asked = portIn(options.port);
  const readConfig = () => loadConfig(terminal.env);
  const settingsOf = (config: Config) => verifierSettings(config, terminal.env, asked);
  const loaded = readConfig();
  const { config, notices } = loaded;
  const settings = settingsOf(config);
  const log = createLog({ level: config.LOG_LEVEL, format: config.LOG_FORMAT });
  for (const notice of [...notices, ...settings.notices]) log.warn(notice);

  const signals = processSignals(log);
  const { startVerifier } = await import('../app/verifier.ts');
  const app = await startVerifier({ loaded, readConfig, settingsOf, version: packageVersion(), log });
  try {
    const stopWish = signals.stopWish();
    signals.onReload(() => void app.reload());
    announce(app, settings, terminal, options.json === true);
    await stopWish;
  } finally {
    await app.stop();
    signals.close();
  }
  if (!options.json) terminal.out.write('stopped\n');
}

function announce({ address, port }: VerifierApp, settings: VerifierSettings, terminal: Terminal, json: boolean): void {
  const { name, tls } = settings;
  const security = tls === null ? 'plaintext' : tls.clientCaPem === null ? 'tls' : 'mtls';
  if (json) {
    terminal.out.write(jsonLine({ address, port, pid: process.pid, name, security }));
    return;
  }
  terminal.out.write(
    ['', `  The verifier ${name} is listening on ${address} (${security})`, '', '  stop       Ctrl-C', '', ''].join(
      '\n',
    ),
  );
}

/** Throws AppError `invalid_arguments`. */
function portIn(text: string | undefined): number | null {
  if (text === undefined) return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new AppError('invalid_arguments', `--port "${text}" is not a number from 0 to 65535`, {
    fix: 'give a whole number',
  });
}
