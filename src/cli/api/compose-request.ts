/** From what was typed to one request of one operation. What its contract would refuse is refused here, before it is sent. */
import type { z } from 'zod';
import type { Contract } from '../../contracts/contract.ts';
import type { Id } from '../../contracts/values.ts';
import type { AppError } from '../../domain/errors.ts';
import { nearest } from '../../lib/nearest.ts';
import { schemaProblem } from '../../lib/schema-problem.ts';
import { flagValue, idIn, refusal, shownName } from './flag-values.ts';
import { type Flag, kebab } from './flags.ts';
import { idsOf } from './operation-names.ts';

export type Variant = { contract: Contract; flags: readonly Flag[] };

export type Typed = {
  /** What stands in no flag, in its order. */
  ids: readonly string[];
  /** By the name of the flag, what it was given. */
  given: ReadonlyMap<string, readonly string[]>;
  /** Members that are to be emptied, as `--clear` names them. */
  clear: readonly string[];
  /** What the flags are laid over; undefined: nothing. */
  body: unknown;
};

export type Composed = {
  contract: Contract;
  params: Record<string, Id>;
  query: Record<string, unknown>;
  /** Undefined: none is sent. */
  body: Record<string, unknown> | undefined;
};

/** Throws `invalid_arguments`. `command` is what to ask for help. Here and below. */
export function composeRequest(variants: readonly Variant[], typed: Typed, command: string): Composed {
  const { contract, flags } = chosen(variants, typed, command);
  const rest = [...typed.ids];
  const params: Record<string, Id> = {};
  for (const member of idsOf(contract)) {
    const flag = flags.find((one) => one.place === 'path' && one.member === member);
    const [text] = (flag && typed.given.get(flag.name)) ?? [rest.shift() ?? ''];
    params[member] = positive(flag === undefined ? member : idIn(`<${member}>`, text ?? ''), member, text ?? '');
  }
  const query = membersOf('query', flags, typed);
  const body = bodyOf(contract, flags, typed);
  checkAgainst(contract.query, query, 'query', flags);
  if (body !== undefined) checkAgainst(contract.body, body, 'body', flags);
  return { contract, params, query, body };
}

/** How the ids may be given, as in `<site_id> <event_id>`; one line a variant. */
export function idForms(variants: readonly Variant[]): string[] {
  return variants.map(({ contract }) =>
    idsOf(contract)
      .map((name) => `<${name}>`)
      .join(' '),
  );
}

/** The widest path that all that was typed fits. */
function chosen(variants: readonly Variant[], typed: Typed, command: string): Variant {
  const byCount = variants.filter((variant) => missingIds(variant, typed) === 0);
  const fitting = byCount.filter((variant) => strangerTo(variant, typed) === null);
  const found = fitting.at(-1);
  if (found !== undefined) return found;
  const [near] = byCount;
  const forms = idForms(variants).map((form) => `\`${`${command} ${form}`.trim()}\``);
  const fix = `write it as ${[...new Set(forms)].join(' or ')}; see \`${command} --help\``;
  if (near !== undefined) {
    throw refusal(`--${strangerTo(near, typed)} does not go with ${idForms([near])[0] || 'no id'}`, fix);
  }
  const [first, ...others] = variants;
  const missing = first === undefined || others.length > 0 ? 0 : missingIds(first, typed);
  const names = first === undefined ? [] : idsOf(first.contract).slice(-missing);
  if (missing > 0) throw refusal(`${names.map((name) => `<${name}>`).join(' ')} is missing`, fix);
  throw refusal(`there are ${typed.ids.length === 0 ? 'no' : typed.ids.length} ids, and that fits nothing`, fix);
}

function missingIds({ contract, flags }: Variant, { ids, given }: Typed): number {
  const named = flags.filter(({ place, name }) => place === 'path' && given.get(name)?.length === 1);
  return idsOf(contract).length - named.length - ids.length;
}

/** The first flag that this operation does not know, or that stands for one id and was given several. */
function strangerTo({ flags }: Variant, { given, clear }: Typed): string | null {
  for (const [name, texts] of given) {
    const flag = flags.find((one) => one.name === name);
    if (flag === undefined || (flag.place === 'path' && texts.length > 1)) return flag === undefined ? name : flag.name;
  }
  const unknown = clear.find(
    (member) => !flags.some((flag) => kebab(flag.member) === member && flag.cleared !== undefined),
  );
  return unknown === undefined ? null : `clear ${unknown}`;
}

function positive(id: string | number | bigint, member: string, text: string): Id {
  if (typeof id !== 'string' && id > 0) return id;
  throw refusal(`<${member}> "${text}" is not the number of anything`, 'give a whole number from 1 on');
}

function membersOf(place: Flag['place'], flags: readonly Flag[], { given, clear }: Typed): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const flag of flags.filter((one) => one.place === place)) {
    const texts = given.get(flag.name);
    const isCleared = clear.includes(kebab(flag.member)) && flag.cleared !== undefined;
    if (texts !== undefined && isCleared) {
      throw refusal(`${shownName(flag)} is set and cleared at once`, 'leave one of the two out');
    }
    if (texts !== undefined) members[flag.member] = flagValue(flag, texts);
    else if (isCleared) members[flag.member] = flag.cleared;
  }
  return members;
}

function bodyOf(contract: Contract, flags: readonly Flag[], typed: Typed): Record<string, unknown> | undefined {
  if (contract.body === undefined) return undefined;
  const { body: base = {} } = typed;
  if (typeof base !== 'object' || base === null || Array.isArray(base)) {
    throw refusal('the body is no JSON object', 'write it as \'{"name": "value"}\'');
  }
  const body = { ...base, ...membersOf('body', flags, typed) };
  return contract.isBodyOptional === true && Object.keys(body).length === 0 ? undefined : body;
}

function checkAgainst(
  schema: z.ZodObject | undefined,
  sent: Record<string, unknown>,
  place: 'query' | 'body',
  flags: readonly Flag[],
): void {
  const parsed = schema?.safeParse(sent);
  if (parsed?.success !== false) return;
  const { issues } = parsed.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue !== undefined) throw refusalOf(issue, sent, place, flags);
}

function refusalOf(issue: z.core.$ZodIssue, sent: object, place: Flag['place'], flags: readonly Flag[]): AppError {
  const [member, ...within] = issue.path;
  const flag = flags.find((one) => one.place === place && one.member === member);
  if (issue.code === 'unrecognized_keys') return unknownMember(issue.keys[0] ?? '', issue.path, flags, place);
  if (flag === undefined) return refusal(`the ${place}: ${issue.message}`, 'correct it; see --help');
  const name = shownName(flag);
  const where = within.length === 0 || flag.isSecret || flag.isRepeated ? '' : ` (${within.map(String).join('.')})`;
  const problem = flag.isSecret ? secretProblem(issue) : schemaProblem(issue, sent);
  return refusal(`${name}${where}: ${problem}`, fixOf(flag, sent));
}

function fixOf(flag: Flag, sent: object): string {
  const about = flag.about === '' ? 'see --help' : flag.about.replace(/\.$/, '');
  return `${Object.hasOwn(sent, flag.member) ? 'correct' : 'give'} ${shownName(flag)}: ${about}`;
}

function secretProblem(issue: z.core.$ZodIssue): string {
  return issue.code === 'custom' ? issue.message : 'it is not of the shape that --help shows';
}

function unknownMember(
  name: string,
  path: readonly PropertyKey[],
  flags: readonly Flag[],
  place: Flag['place'],
): AppError {
  const shown = name.slice(0, 100);
  const known = flags.filter((flag) => flag.place === place).map(({ member }) => member);
  const meant = path.length > 0 ? null : nearest(shown, known);
  const where = path.length === 0 ? `the ${place}` : path.map(String).join('.');
  return refusal(
    `there is no member "${shown}" in ${where}`,
    meant === null ? 'leave it out; see --help' : `did you mean ${meant}`,
  );
}
