/** The named schemas of the document: each is there once, however many operations speak of it. */
import type { z } from 'zod';
import { stringifyJson } from '../../lib/json.ts';
import { type Io, type JsonSchema, writeSchema } from './json-schema.ts';

export type Components = {
  /** The schema, or the reference to it where it has a name; `name` names one that has none. */
  schemaFor(schema: z.ZodType, io: Io, name?: string): JsonSchema;
  /** By name. Replies have to be asked for before bodies: what looks different in the two keeps its name in replies. */
  schemas(): Record<string, JsonSchema>;
  /** Takes the defaults off the members of a named schema. */
  withoutDefaults(reference: JsonSchema): void;
};

export function createComponents(): Components {
  const known = new Map<string, JsonSchema>();

  /** New names for those of `defs` that are known and look different, or refer to one that does. */
  function renamed(defs: Readonly<Record<string, JsonSchema>>): Map<string, string> {
    const names = new Map<string, string>();
    for (let before = -1; before < names.size; ) {
      before = names.size;
      for (const [id, def] of Object.entries(defs)) {
        const standing = known.get(id);
        if (standing !== undefined && !isSame(standing, pointed(def, names))) names.set(id, `${id}Input`);
      }
    }
    return names;
  }

  return {
    schemaFor(schema, io, name) {
      const { schema: whole, defs } = writeSchema(schema, io);
      const isNamed = whole.$ref !== undefined || name === undefined;
      const all = isNamed ? defs : { ...defs, [name]: whole };
      const names = renamed(all);
      for (const [id, def] of Object.entries(all)) {
        const finalName = names.get(id) ?? id;
        const pointing = pointed(def, names);
        const standing = known.get(finalName);
        if (standing !== undefined && !isSame(standing, pointing)) {
          throw new Error(`two schemas of the API are called ${finalName}`);
        }
        known.set(finalName, pointing);
      }
      return pointed(isNamed ? whole : { $ref: `#/$defs/${name}` }, names);
    },
    withoutDefaults({ $ref = '' }) {
      const members = Object.values(known.get($ref.replace('#/components/schemas/', ''))?.properties ?? {});
      for (const member of members) delete member.default;
    },
    schemas: () => Object.fromEntries([...known].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

function isSame(one: JsonSchema, other: JsonSchema): boolean {
  return stringifyJson(one) === stringifyJson(other);
}

/** The same with its references leading into the components. */
function pointed(schema: JsonSchema, names: ReadonlyMap<string, string>): JsonSchema {
  return mapMembers(schema, (key, value) => {
    if (key !== '$ref' || typeof value !== 'string') return value;
    const id = value.replace('#/$defs/', '');
    return `#/components/schemas/${names.get(id) ?? id}`;
  }) as JsonSchema;
}

function mapMembers(value: unknown, change: (key: string, value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapMembers(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapMembers(change(key, member), change)]),
  );
}
