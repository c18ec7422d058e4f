/** One operation, or several that differ in how narrow they look, as one typed command. */
import { type Command, Option } from 'commander';
import type { Contract } from '../../contracts/contract.ts';
import type { Terminal } from '../command.ts';
import { type Composed, composeRequest, idForms, type Variant } from './compose-request.ts';
import { type Api, requireMayChange, withApi } from './connection.ts';
import { addConnectionOptions, type ConnectionOptions } from './connection-options.ts';
import { exampleWords, quoted } from './example-line.ts';
import { fileText, jsonIn, refusal, stdinText } from './flag-values.ts';
import { type Flag, flagsOf, kebab } from './flags.ts';
import type { NamedOperations } from './operation-names.ts';
import { formIn, replyText, widthOf } from './show-reply.ts';
import { type Page, printAll } from './walk-pages.ts';

type OwnOptions = {
  all?: boolean;
  clear?: string[];
  body?: string;
  bodyFile?: string;
  idempotencyKey?: string;
};
type Options = ConnectionOptions & OwnOptions & Record<string, unknown>;

/** Rows of a page where all are wanted: as many as a server gives. */
const PAGE_ROWS = 200;

export function defineOperation(
  command: Command,
  { group, verb, variants }: NamedOperations,
  terminal: Terminal,
): void {
  const all = variants.map((contract): Variant => ({ contract, flags: flagsOf(contract) }));
  const words = `jetmon2 api ${group === null ? verb : `${group} ${verb}`}`;
  const first = variants[0];
  const forms = [...new Set(idForms(all))];
  const takesIds = all.some(({ flags }) => flags.some(({ place }) => place === 'path'));
  command.summary(first.summary).description(descriptionOf(variants));
  command.usage([...forms.map((form) => `${form} [options]`.trim())].join(`\n       ${words} `));
  if (takesIds) command.argument('[ids...]', 'numbers from the path, in its order').allowExcessArguments(true);
  const flags = addFlags(command, all);
  addOwnOptions(command, variants, flags);
  addConnectionOptions(command);
  command.addHelpText('after', examplesText(words, all));
  command.action(async (...args: unknown[]) => {
    const ids = takesIds ? (args[0] as string[]) : [];
    const options = command.opts<Options>();
    const composed = composeRequest(all, await typedIn(command, ids, flags, options, terminal), words);
    await withApi(terminal, options, (api) => send(api, composed, options, terminal));
  });
}

function descriptionOf(variants: readonly Contract[]): string {
  const said = variants.map(({ method, path, summary, description }) =>
    [`${summary}.`, description ?? '', `(${method} ${path})`].filter((part) => part !== '').join(' '),
  );
  return said.join('\n\n');
}

/** One option for each name, whichever variants know it. Everything is collected, so that twice can be told from once. */
function addFlags(command: Command, variants: readonly Variant[]): Flag[] {
  const byName = new Map<string, Flag>();
  for (const { flags } of variants) for (const flag of flags) if (!byName.has(flag.name)) byName.set(flag.name, flag);
  const flags = [...byName.values()];
  for (const flag of flags) {
    const long = `--${flag.name}`;
    const names = flag.alias === null ? long : `--${flag.alias}, ${long}`;
    const option = new Option(`${names} ${placeholderOf(flag)}`, aboutOf(flag));
    if (flag.choices.length > 0) option.choices(flag.choices);
    // The last word on the value is that of the contract.
    const before = (texts: string[] | true) => (texts === true ? ['true'] : texts);
    command.addOption(option.argParser((text: string, texts: string[] | true = []) => [...before(texts), text]));
  }
  return flags;
}

const PLACEHOLDERS: Readonly<Record<Flag['kind'], string>> = {
  text: '<text>',
  number: '<number>',
  id: '<id>',
  boolean: '[true|false]',
  choice: '<word>',
  pair: '<line>',
  json: '<json>',
};

function placeholderOf({ kind }: Flag): string {
  return PLACEHOLDERS[kind];
}

function aboutOf({ about, kind, isRepeated, isRequired, place }: Flag): string {
  const how = [
    isRequired && place !== 'path' ? 'Needed.' : '',
    kind === 'pair' ? 'As `Name: value`.' : '',
    kind === 'json' ? 'As JSON, or `@file` of it.' : '',
    isRepeated ? 'May be repeated.' : '',
  ].filter((part) => part !== '');
  return [about, ...how].filter((part) => part !== '').join(' ');
}

function addOwnOptions(command: Command, variants: readonly Contract[], flags: readonly Flag[]): void {
  if (variants.some(isList)) command.option('--all', 'all pages, row by row; as JSON one document a line');
  const hasBody = variants.some(({ body }) => body !== undefined);
  const clearable = flags.filter(({ place, cleared }) => place === 'body' && cleared !== undefined);
  const isChange = variants.some(({ method }) => method === 'PATCH' || method === 'PUT');
  if (isChange && clearable.length > 0) addClear(command, clearable);
  if (hasBody) {
    command.option('--body <json>', 'the whole body, or what of it has no flag here; flags win over it');
    command.option('--body-file <path>', 'the same from a file, which others cannot see; - for standard input');
  }
  if (variants.some(({ isIdempotent }) => isIdempotent === true)) {
    command.option(
      '--idempotency-key <key>',
      'new for each new request: then it is carried out once, and sent again if need be',
    );
  }
}

function addClear(command: Command, clearable: readonly Flag[]): void {
  const collect = (text: string, before: string[] = []) => [...before, text];
  const names = clearable.map(({ member }) => kebab(member));
  command.addOption(
    new Option('--clear <member>', 'empty it, or back to what holds by default. May be repeated.')
      .choices(names)
      .argParser(collect),
  );
  for (const name of names) command.addOption(new Option(`--clear-${name}`).hideHelp());
}

function examplesText(words: string, variants: readonly Variant[]): string {
  const lines = variants.map((variant) => `  $ ${[words, ...exampleWords(variant).map(quoted)].join(' ')}\n`);
  return `\nExample${lines.length === 1 ? '' : 's'}:\n${lines.join('')}`;
}

async function typedIn(
  command: Command,
  ids: readonly string[],
  flags: readonly Flag[],
  options: Options,
  { stdin }: Terminal,
) {
  const optionOf = (name: string) => options[camelCase(name)];
  const given = new Map(
    flags.flatMap(({ name }): [string, string[]][] => {
      const texts = optionOf(name) === true ? ['true'] : optionOf(name);
      return Array.isArray(texts) ? [[name, texts as string[]]] : [];
    }),
  );
  const named = flags.map(({ member }) => kebab(member)).filter((name) => optionOf(`clear-${name}`) === true);
  const known = command.options.find(({ long }) => long === '--clear')?.argChoices ?? [];
  for (const member of options.clear ?? []) if (!known.includes(member)) throw noSuchMember(member, known);
  return { ids, given, clear: [...(options.clear ?? []), ...named], body: await bodyIn(options, stdin) };
}

function noSuchMember(member: string, known: readonly string[]) {
  return refusal(`--clear "${member}" is nothing that can be cleared`, `use one of ${known.join(', ')}`);
}

async function bodyIn({ body, bodyFile, tokenFile }: Options, stdin: NodeJS.ReadableStream): Promise<unknown> {
  if (body !== undefined && bodyFile !== undefined) {
    throw refusal('--body and --body-file exclude each other', 'leave one of them out');
  }
  if (body !== undefined) return jsonIn('--body', body);
  if (bodyFile === undefined) return undefined;
  if (bodyFile !== '-') return jsonIn('--body-file', fileText('--body-file', bodyFile));
  if (tokenFile === '-') throw refusal('standard input cannot be key and body at once', 'put one of them into a file');
  return jsonIn('--body-file', await stdinText('--body-file', stdin));
}

/** As commander spells the names of options. */
function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** A list that goes on: it has a cursor. */
function isList({ query }: Contract): boolean {
  return query !== undefined && 'cursor' in query.shape;
}

async function send(api: Api, composed: Composed, options: Options, terminal: Terminal): Promise<void> {
  const { contract, params, query, body } = composed;
  if (contract.method !== 'GET') requireMayChange(api, options);
  const form = formIn(api.output, options);
  // What fits the contract was found out above, where its types are not known.
  const call = (over: object) => {
    const once = options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey };
    const input = { params, query: { ...query, ...over }, ...(body === undefined ? {} : { body }), ...once };
    return api.client.call(contract, input as never) as Promise<unknown>;
  };
  if (options.all === true && isList(contract)) {
    const first = { limit: PAGE_ROWS, ...query };
    const fetchPage = (cursor: string | undefined) => call({ ...first, ...(cursor === undefined ? {} : { cursor }) });
    await printAll(fetchPage as (cursor: string | undefined) => Promise<Page>, form, terminal);
    return;
  }
  const reply = await call({});
  terminal.out.write(replyText(reply, form, widthOf(terminal)));
  const next = (reply as Partial<Page> | undefined)?.page?.next;
  if (form === 'table' && typeof next === 'string') api.say(`There are more: --cursor ${next}, or --all.`);
}
