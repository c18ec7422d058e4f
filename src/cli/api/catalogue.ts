/** `jetmon2 api commands`: what there is, and the route that each is. */
import type { Command } from 'commander';
import type { Terminal } from '../command.ts';
import { jsonLine } from '../json-line.ts';
import { renderTable } from '../table.ts';
import { EXTRA } from './extra-commands.ts';
import { flagsOf } from './flags.ts';
import type { NamedOperations } from './operation-names.ts';

/** What is asked and shown here is of this program, so no server is asked. */
type Options = { json?: boolean; output?: string };

export function defineCatalogue(command: Command, operations: readonly NamedOperations[], terminal: Terminal): void {
  command
    .summary('every command below `api`, with its route')
    .description('Every command below `api`, with its route.')
    .option('--output <form>', 'table or json')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExample:\n  $ jetmon2 api commands --json\n')
    .action(({ json, output }: Options) => {
      const asJson = json === true || output === 'json';
      terminal.out.write(asJson ? jsonLine({ data: entries(operations) }) : table(entries(operations)));
    });
}

type Entry = {
  command: string;
  method: string | null;
  path: string | null;
  operation: string | null;
  scope: string | null;
  summary: string;
  flags: string[];
};

function entries(operations: readonly NamedOperations[]): Entry[] {
  const ofOperations = operations.flatMap(({ group, verb, variants }) =>
    variants.map((contract): Entry => {
      const { method, path, operationId: operation, scope, summary } = contract;
      const flags = flagsOf(contract).map(({ name, alias }) => `--${alias ?? name}`);
      return { command: nameOf(group, verb), method, path, operation, scope, summary, flags };
    }),
  );
  const none = { method: null, path: null, operation: null, scope: null, flags: [] };
  const more = [
    ...EXTRA.map(({ group, name, summary }) => ({ ...none, command: nameOf(group, name), summary })),
    { ...none, command: 'commands', summary: 'this list' },
    { ...none, command: 'request', summary: 'any request, by method and path' },
  ];
  return [...ofOperations, ...more];
}

function nameOf(group: string | null, name: string): string {
  return group === null ? name : `${group} ${name}`;
}

function table(all: readonly Entry[]): string {
  const rows = all.map(({ command, method, path, scope, summary }) => [
    command,
    method ?? '-',
    path ?? '-',
    scope ?? '-',
    summary,
  ]);
  return renderTable(['COMMAND', 'METHOD', 'PATH', 'SCOPE', 'WHAT IT DOES'], rows);
}
