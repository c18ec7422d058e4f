/** The example of a contract as a line that can be typed. */
import type { Contract } from '../../contracts/contract.ts';
import { stringifyJson } from '../../lib/json.ts';
import type { Variant } from './compose-request.ts';
import { type Flag, kebab } from './flags.ts';
import { idsOf } from './operation-names.ts';

/** Words of the line, without those of the program and the command. */
export function exampleWords({ contract, flags }: Variant): string[] {
  const { params = {}, query = {}, body = {} } = contract.example ?? ({} as NonNullable<Contract['example']>);
  return [
    ...idsOf(contract).map((name) => String(params[name] ?? 1)),
    ...wordsOf(query, 'query', flags),
    ...wordsOf(body, 'body', flags),
  ];
}

/** For a POSIX shell. */
export function quoted(word: string): string {
  return /^[\w%+,./:=@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function wordsOf(members: object, place: Flag['place'], flags: readonly Flag[]): string[] {
  return Object.entries(members).flatMap(([member, value]) => {
    const flag = flags.find((one) => one.place === place && one.member === member);
    return flag === undefined ? [] : wordsFor(flag, value);
  });
}

function wordsFor(flag: Flag, value: unknown): string[] {
  const name = `--${flag.alias ?? flag.name}`;
  if (value === null) return ['--clear', kebab(flag.member)];
  if (flag.kind === 'boolean') return [`${name}=${String(value)}`];
  if (flag.kind === 'json') return [name, stringifyJson(value)];
  if (!flag.isRepeated) return [name, String(value)];
  const items = flag.kind === 'pair' ? Object.entries(value as object).map(([key, text]) => `${key}: ${text}`) : value;
  return (items as unknown[]).flatMap((item) => [name, String(item)]);
}
