/** A schema for readers: a list of its members, and its type in a few words. */
import type { JsonSchema } from '../../contracts/openapi/json-schema.ts';
import { type Html, html, prose } from './html.ts';

/** `marks`: what else is to be known at a glance, such as that it is required. */
export type Member = { name: string; type: Html; marks: readonly string[]; notes: Html };

export function memberList(members: readonly Member[]): Html {
  const entries = members.map(
    ({
      name,
      type,
      marks,
      notes: meaning,
    }) => html`<div><dt><code>${name}</code> <span class="type">${type}</span>${marks.length === 0 ? null : html` <span class="mark">${marks.join(', ')}</span>`}</dt>
<dd>${meaning}</dd></div>
`,
  );
  return html`<dl class="members">${entries}</dl>`;
}

export function membersOf(schema: JsonSchema): Member[] {
  return Object.entries(schema.properties ?? {}).map(([name, member]) => {
    const marks = schema.required?.includes(name) === true ? ['required'] : [];
    return { name, type: typeOf(member), marks, notes: notes(member) };
  });
}

/** The name that a reference leads to. */
export function nameOf(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1);
}

/** Names of other shapes lead to them. */
export function typeOf(schema: JsonSchema): Html {
  const { $ref, type, anyOf, items, additionalProperties, properties } = schema;
  if ($ref !== undefined) {
    const name = nameOf($ref);
    return html`<a href="#shape-${name}">${name}</a>`;
  }
  if (schema.enum !== undefined) return joined(schema.enum.map((value) => html`<code>${JSON.stringify(value)}</code>`));
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (anyOf !== undefined) return joined(anyOf.map(typeOf));
  if (type === 'array') return html`list of ${typeOf(items ?? {})}`;
  if (typeof additionalProperties === 'object') return html`map of ${typeOf(additionalProperties)}`;
  if (properties !== undefined) {
    return html`{ ${joinedBy(
      ', ',
      Object.entries(properties).map(([name, member]) => html`<code>${name}</code>: ${typeOf(member)}`),
    )} }`;
  }
  const format = schema.format === undefined ? '' : ` (${schema.format})`;
  return html`${[type ?? 'anything'].flat().join(' or ')}${format}`;
}

/** The description of a member with its bounds and its default. */
export function notes(schema: JsonSchema): Html {
  const facts = [
    bound('at least', schema.format === 'int64' ? undefined : schema.minimum),
    bound('at most', schema.format === 'int64' ? undefined : schema.maximum),
    bound('longest', schema['maxLength']),
    bound('most items', schema['maxItems']),
    schema.default === undefined ? null : `default ${JSON.stringify(schema.default)}`,
    schema.writeOnly === true ? 'never shown' : null,
  ].filter((fact) => fact !== null);
  const bounds = facts.length === 0 ? null : html` <small>${facts.join(', ')}</small>`;
  return html`${prose(schema.description ?? '')}${bounds}`;
}

function bound(words: string, value: unknown): string | null {
  return value === undefined ? null : `${words} ${String(value)}`;
}

function joined(parts: readonly Html[]): Html {
  return joinedBy(' or ', parts);
}

function joinedBy(between: string, parts: readonly Html[]): Html {
  return html`${parts.map((part, n) => (n === 0 ? part : [between, part]))}`;
}
