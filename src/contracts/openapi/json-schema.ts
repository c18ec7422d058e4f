/** What of JSON Schema (2020-12) the document of the API uses, and the trimming of what Zod writes to that. */
import { z } from 'zod';
import { MAX_ID } from '../../domain/ids.ts';

export type JsonSchema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: JsonSchema;
  required?: string[];
  minimum?: number | bigint;
  maximum?: number | bigint;
  exclusiveMinimum?: number | bigint;
  pattern?: string;
  writeOnly?: boolean;
  [more: string]: unknown;
};

export type Io = 'input' | 'output';

export type Written = {
  schema: JsonSchema /** Schemas with an id, by it; `#/$defs/<id>` in references. */;
  defs: Record<string, JsonSchema>;
};

/** How a schema looks on the wire: as it is sent (`input`) or as it is answered (`output`). */
export function writeSchema(schema: z.ZodType, io: Io): Written {
  const {
    $schema: _,
    $defs = {},
    ...whole
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      wideIntegers(zodSchema, jsonSchema as JsonSchema);
      keepDefault(zodSchema, jsonSchema as JsonSchema);
    },
  }) as JsonSchema & { $schema?: string; $defs?: Record<string, JsonSchema> };
  return {
    schema: trimmed(whole, io),
    defs: Object.fromEntries(Object.entries($defs).map(([id, def]) => [id, trimmed(def, io)])),
  };
}

/** A `bigint` is an integer on the wire, and so is a number that becomes one where it has to. */
function wideIntegers(zodSchema: z.core.$ZodType, jsonSchema: JsonSchema): void {
  const { def } = zodSchema._zod;
  const options = def.type === 'union' ? (def as z.core.$ZodUnionDef).options : [zodSchema];
  const wide = options.find((option) => option._zod.def.type === 'bigint');
  if (wide === undefined) return;
  const takes = (value: bigint) => z.safeParse(wide, value).success;
  delete jsonSchema.anyOf;
  Object.assign(jsonSchema, {
    type: 'integer',
    format: 'int64',
    ...(takes(-1n) ? {} : { minimum: takes(0n) ? 0 : 1 }),
    // Made exact again by `trimInteger`: Zod's own result cannot hold a `bigint`.
    ...(takes(MAX_ID + 1n) ? {} : { maximum: Number(MAX_ID) }),
  });
}

/** Zod leaves the default out where what is sent is changed before it is judged, as numbers in a query are. */
function keepDefault({ _zod: { def } }: z.core.$ZodType, jsonSchema: JsonSchema): void {
  if (def.type === 'default') jsonSchema.default ??= (def as z.core.$ZodDefaultDef).defaultValue;
}

/** Patterns that say what the format says, and more words than a reader wants. */
const TOLD_BY_FORMAT: ReadonlySet<string | undefined> = new Set(['date-time', 'date', 'uri']);

function trimmed(schema: JsonSchema, io: Io): JsonSchema {
  const { id: _, ...node } = { ...schema };
  if (TOLD_BY_FORMAT.has(node.format)) delete node.pattern;
  if (node.type === 'integer') trimInteger(node);
  // Zod says so of every map: members have names.
  delete node.propertyNames;
  if (io === 'output') {
    // Replies may gain members within a version of the API, and nothing is filled in for absent ones.
    if (node.additionalProperties === false) delete node.additionalProperties;
    delete node.default;
  }
  for (const key of ['anyOf', 'oneOf', 'allOf'] as const) {
    if (node[key] !== undefined) node[key] = node[key].map((one) => trimmed(one, io));
  }
  if (node.items !== undefined) node.items = trimmed(node.items, io);
  if (typeof node.additionalProperties === 'object') node.additionalProperties = trimmed(node.additionalProperties, io);
  if (node.properties !== undefined) {
    node.properties = Object.fromEntries(
      Object.entries(node.properties).map(([name, member]) => [name, trimmed(member, io)]),
    );
  }
  return nullAsType(node);
}

function trimInteger(node: JsonSchema): void {
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.maximum === Number(MAX_ID)) node.maximum = MAX_ID;
  if (node.exclusiveMinimum !== undefined) {
    node.minimum = Number(node.exclusiveMinimum) + 1;
    delete node.exclusiveMinimum;
  }
}

/** "This or null" as a list of types, wherever "this" has a type of its own. */
function nullAsType(node: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = node;
  const [first, second] = anyOf ?? [];
  if (anyOf?.length !== 2 || first === undefined || second?.type !== 'null' || typeof first.type !== 'string')
    return node;
  const merged = { ...first, ...rest, type: [first.type, 'null'] };
  return first.enum === undefined ? merged : { ...merged, enum: [...first.enum, null] };
}
