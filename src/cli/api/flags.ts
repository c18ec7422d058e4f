/** The flags of an operation, read off its contract: one for each id of its path and each member of its query and body. */
import type { z } from 'zod';
import { type Contract, isWriteOnly } from '../../contracts/contract.ts';
import { idsOf } from './operation-names.ts';

/** How the text of a flag is read. `pair`: a `Name: value` of a map. `json`: what is not plain, or `@file` of it. */
export type FlagKind = 'text' | 'number' | 'id' | 'boolean' | 'choice' | 'pair' | 'json';

export type Flag = {
  /** Without the dashes. */
  name: string;
  /** Shorter, and shown in examples. */
  alias: string | null;
  place: 'path' | 'query' | 'body';
  /** Name of the id or member. */
  member: string;
  kind: FlagKind;
  /** It may be given several times: a list or map is built. */
  isRepeated: boolean;
  /** The values there are, where they are named. */
  choices: readonly string[];
  about: string;
  isRequired: boolean;
  /** What `--clear` sends; undefined: there is nothing to clear. */
  cleared: null | readonly [] | Readonly<Record<string, never>> | undefined;
  /** Its value is not quoted, not even in a refusal of it. */
  isSecret: boolean;
};

/** Flags that every operation has, or may have; a member of such a name has that of its place before it. */
const TAKEN: ReadonlySet<string> = new Set([
  ...[
    'base-url',
    'token',
    'token-file',
    'auth-policy',
    'allow-remote',
    'timeout',
    'header',
    'output',
    'json',
    'pretty',
  ],
  ...['verbose', 'help', 'all', 'clear', 'body', 'body-file', 'idempotency-key', 'for'],
]);

const ALIASES: Readonly<Record<string, string>> = { monitor_url: 'url' };

/** Those of the body come last, so that they may stand in the way of no id of the path. */
export function flagsOf(contract: Contract): Flag[] {
  const ids = idsOf(contract).map((member) => idFlag(member));
  const flags: Flag[] = [...ids];
  for (const [place, schema] of [
    ['query', contract.query],
    ['body', contract.body],
  ] as const) {
    const shape: Readonly<Record<string, z.core.$ZodType>> = schema?.shape ?? {};
    for (const [member, type] of Object.entries(shape)) {
      const taken = (name: string) => flags.some((flag) => flag.name === name) || kebabs(shape, member).has(name);
      flags.push(flagOf(place, member, type as z.ZodType, taken));
    }
  }
  return flags;
}

export function kebab(member: string): string {
  return member.replace(/_+/g, '-').toLowerCase();
}

function kebabs(shape: object, but: string): ReadonlySet<string> {
  return new Set(
    Object.keys(shape)
      .filter((member) => member !== but)
      .map(kebab),
  );
}

function idFlag(member: string): Flag {
  const about = `number of the ${member.replace(/_id$/, '').replaceAll('_', ' ')}; may also be given in its place`;
  const base = { alias: null, place: 'path', member, kind: 'id', isRepeated: false, choices: [] } as const;
  return { ...base, name: kebab(member), about, isRequired: true, cleared: undefined, isSecret: false };
}

function flagOf(place: 'query' | 'body', member: string, schema: z.ZodType, taken: (name: string) => boolean): Flag {
  const { inner, isOptional, isNullable, about } = opened(schema);
  const { kind, isRepeated, choices } = readingOf(inner);
  const singular = isRepeated ? kebab(member).replace(/s$/, '') : kebab(member);
  const wanted = isRepeated && taken(singular) ? kebab(member) : singular;
  return {
    name: TAKEN.has(wanted) || taken(wanted) ? `${place}-${wanted}` : wanted,
    alias: ALIASES[member] ?? null,
    place,
    member,
    kind,
    isRepeated,
    choices,
    about,
    isRequired: !isOptional,
    cleared: isNullable ? null : emptyOf(inner),
    isSecret: isWriteOnly(schema),
  };
}

function emptyOf(inner: z.ZodType): Flag['cleared'] {
  if (inner.def.type === 'array') return [];
  return inner.def.type === 'record' ? {} : undefined;
}

type Opened = { inner: z.ZodType; isOptional: boolean; isNullable: boolean; about: string };

/** What a schema is once all that is said about its absence is taken off. */
function opened(schema: z.ZodType): Opened {
  const found = { isOptional: false, isNullable: false, about: '' };
  let inner = schema;
  for (;;) {
    found.about ||= inner.meta()?.description ?? '';
    const { type } = inner.def;
    if (type === 'optional' || type === 'default' || type === 'prefault') found.isOptional = true;
    else if (type === 'nullable') found.isNullable = true;
    else if (type !== 'catch' && type !== 'readonly' && type !== 'nonoptional') return { ...found, inner };
    inner = (inner.def as unknown as { innerType: z.ZodType }).innerType;
  }
}

type Reading = Pick<Flag, 'kind' | 'isRepeated' | 'choices'>;

function readingOf(inner: z.ZodType): Reading {
  const { type } = inner.def;
  if (type === 'array') return repeated(readingOf(opened((inner as z.ZodArray<z.ZodType>).element).inner));
  if (type === 'record') {
    const value = opened((inner as z.ZodRecord<z.ZodString, z.ZodType>).valueType).inner;
    return value.def.type === 'string' ? { kind: 'pair', isRepeated: true, choices: [] } : once('json');
  }
  if (type === 'string') return once('text');
  if (type === 'number') return once('number');
  // What is judged after it was read, as a number in a query is.
  if (type === 'pipe') return readingOf(opened((inner as z.ZodPipe<z.ZodType, z.ZodType>).out).inner);
  if (type === 'bigint') return once('id');
  if (type === 'boolean') return once('boolean');
  if (type === 'enum') return named(Object.values((inner as z.ZodEnum).enum).map(String));
  if (type === 'literal') return named([...(inner as z.ZodLiteral).values].map(String));
  const options = type === 'union' ? (inner as z.ZodUnion<z.ZodType[]>).options.map(({ def }) => def.type) : [];
  return once(options.includes('bigint') ? 'id' : 'json');
}

/** The values of a boolean in a query string, and of a member that can only be true, are those of a boolean. */
function named(choices: readonly string[]): Reading {
  const isBoolean = choices.every((choice) => ['true', 'false', '1', '0'].includes(choice));
  return isBoolean ? once('boolean') : { kind: 'choice', isRepeated: false, choices };
}

/** A list of what is not plain is written as a whole. */
function repeated(item: Reading): Reading {
  return item.kind === 'json' || item.isRepeated ? once('json') : { ...item, isRepeated: true };
}

function once(kind: FlagKind): Reading {
  return { kind, isRepeated: false, choices: [] };
}
