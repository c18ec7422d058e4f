/** `jetmon2 api`: every operation of the API as a typed command, made from its contract, and what is built of several. */
import type { Command } from 'commander';
import { CONTRACTS } from '../contracts/all.ts';
import { defineCatalogue } from './api/catalogue.ts';
import { EXTRA } from './api/extra-commands.ts';
import { defineFollow } from './api/follow-command.ts';
import { defineOperation } from './api/operation-command.ts';
import { nameOperations } from './api/operation-names.ts';
import { defineRequest } from './api/request-command.ts';
import type { Terminal } from './command.ts';
import { addLazily } from './lazy-command.ts';

export function define(command: Command, terminal: Terminal): void {
  command.usage('<group> <verb> [ids] [options]').addHelpText('after', HELP);
  const operations = nameOperations(CONTRACTS);
  const groups = new Map<string, Command>();
  const groupOf = (name: string): Command => {
    const known = groups.get(name) ?? defineGroup(command, name, operations);
    groups.set(name, known);
    return known;
  };
  for (const named of operations) {
    const parent = named.group === null ? command : groupOf(named.group);
    const defineOne = named.variants[0].messages === undefined ? defineOperation : defineFollow;
    defineOne(parent.command(named.verb), named, terminal);
  }
  defineCatalogue(command.command('commands'), operations, terminal);
  defineRequest(command.command('request'), terminal);
  for (const extra of EXTRA) addLazily(extra.group === null ? command : groupOf(extra.group), extra, terminal);
}

function defineGroup(command: Command, name: string, operations: ReturnType<typeof nameOperations>): Command {
  const verbs = operations.filter(({ group }) => group === name).map(({ verb }) => verb);
  const all = [...verbs, ...EXTRA.filter(({ group }) => group === name).map((extra) => extra.name)];
  return command
    .command(name)
    .usage('<verb> [ids] [options]')
    .summary(all.join(', '))
    .description(`What can be asked and done about ${name}.`)
    .configureHelp({ subcommandTerm: (below) => `${below.name()} ${below.usage().split('\n')[0]}` });
}

const HELP = `
Without --base-url or JETMON_API_URL it asks the server of this data folder, with the key that lies there.
A key goes to the server that is named and to no other. A change on a host that is not this machine needs --allow-remote.
Exit code: 0 done, 1 refused by the API or no reply, 2 wrong usage.

Examples:
  $ jetmon2 api commands
  $ jetmon2 api sites list --state Down
  $ jetmon2 api sites create --url https://example.com --check-interval 5 --custom-header 'X-Probe: jetmon'
  $ jetmon2 api events list 3 --active --json
  $ JETMON_API_URL=https://monitor.example.com jetmon2 api me --token-file key
`;
