/** An operation that answers with a stream: what happens, one JSON document a line, until it is told to end. */
import type { Command } from 'commander';
import { parseDuration } from '../../lib/duration.ts';
import type { Terminal } from '../command.ts';
import { jsonLine } from '../json-line.ts';
import { type Api, withApi } from './connection.ts';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts';
import { refusal } from './flag-values.ts';
import type { NamedOperations } from './operation-names.ts';

type Options = ConnectionOptions & { for?: string };

export function defineFollow(command: Command, { variants }: NamedOperations, terminal: Terminal): void {
  const { summary, path } = variants[0];
  command
    .summary(summary)
    .description(`${summary}. One JSON document a line, until it is ended (GET ${path})`)
    .option('--for <span>', 'end by itself after so long, such as `30s`');
  addConnectionOptions(command)
    .addHelpText('after', `\nExample:\n  $ jetmon2 api ${command.name()} --for 1h\n`)
    .action(() => {
      const options = command.opts<Options>();
      const forMs = spanMsIn(options);
      return withApi(terminal, options, (api) => follow(api, forMs, terminal));
    });
}

function spanMsIn({ for: span }: Options): number | null {
  if (span === undefined) return null;
  const seconds = parseDuration(span) ?? 0;
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds * 1_000;
  throw refusal(`--for "${span}" is not a span from 1s to 24d`, 'write it as `30s` or `1h`');
}

/** Longer than that no timer runs. */
const MOST_SECONDS = 24 * 86_400;

async function follow(api: Api, forMs: number | null, terminal: Terminal): Promise<void> {
  if (api.isInProcess) {
    throw refusal('no server runs on this data folder, so nothing happens there', 'start `jetmon2 serve`');
  }
  const ending = new AbortController();
  const timer = forMs === null ? null : setTimeout(() => ending.abort(), forMs);
  let failure: { thrown: unknown } | null = null;
  let wasOpen = false;
  const print = (event: string) => (data: unknown) => void terminal.out.write(jsonLine({ event, data }));
  terminal.out.once('close', () => ending.abort());
  try {
    await api.client.stream(
      {
        onOpen: () => {
          wasOpen = true;
        },
        onReconnect: () => api.say('The connection is there again; what happened meanwhile is missing here.'),
        onLost(thrown) {
          if (wasOpen) return api.say('The connection is lost; trying again.');
          failure = { thrown };
          ending.abort();
        },
        transition: print('transition'),
        checked: print('checked'),
        site: print('site'),
      },
      { signal: ending.signal },
    );
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
  if (failure !== null) throw (failure as { thrown: unknown }).thrown;
}
