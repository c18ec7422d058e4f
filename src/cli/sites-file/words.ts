/** A plan in plain words and as data, before anything is done. Header fields are told by their names alone. */

import type { Id } from '../../contracts/values.ts';
import { escapeControl } from '../../lib/escape.ts';
import { stringifyJson } from '../../lib/json.ts';
import type { Plan, Step } from './step.ts';

export function stepWords(step: Step): string {
  const url = escapeControl(step.url);
  switch (step.action) {
    case 'create':
      return `+ ${url}${listed(shownMembers(step.body))}`;
    case 'add_url':
      return `+ ${url} as one more URL of ${step.siteId === null ? 'the same site' : `site ${step.siteId}`}`;
    case 'update':
      return `~ ${url} (site ${step.siteId})${listed(changedMembers(step))}`;
    case 'set_check':
      return `~ ${url}${siteWords(step.siteId)}: check ${checkWords(step)}`;
    case 'set_rules':
      return `~ ${url}${siteWords(step.siteId)}: rollup_rules ${step.rules === null ? 'as by default' : shown(step.rules)}`;
    case 'revive':
      return `+ ${url} (site ${step.siteId}, removed before)${listed(shownMembers(step.changes))}`;
    case 'remove':
      return `- ${url} (site ${step.siteId})`;
  }
}

function siteWords(siteId: Id | null): string {
  return siteId === null ? '' : ` (site ${siteId})`;
}

function checkWords({ of, checkType, enabled }: Extract<Step, { action: 'set_check' }>): string {
  const how = enabled === null ? 'as by default' : enabled ? 'on' : 'off';
  return `${escapeControl(checkType)} ${how}${of === null ? '' : ` at ${escapeControl(of)}`}`;
}

export function stepDocument(step: Step): Record<string, unknown> {
  const { action, url } = step;
  const siteId = 'siteId' in step ? step.siteId : null;
  return { action, monitor_url: url, site_id: siteId, ...saidBy(step) };
}

function saidBy(step: Step): Record<string, unknown> {
  switch (step.action) {
    case 'update':
      return { ...endpointOf(step), changes: changesOf(step) };
    case 'revive':
      return endpointOf(step);
    case 'set_check':
      return { endpoint_url: step.of, changes: { [step.checkType]: { from: step.was, to: step.enabled } } };
    case 'set_rules':
      return { rollup_rules: step.rules };
    default:
      return {};
  }
}

/** Absent where it is about all of the site. */
function endpointOf({ endpointId }: { endpointId: Id | null }): { endpoint_id?: Id } {
  return endpointId === null ? {} : { endpoint_id: endpointId };
}

const COUNTED: readonly [action: Step['action'], words: string][] = [
  ['create', 'to create'],
  ['add_url', 'to add as further URLs'],
  ['update', 'to change'],
  ['revive', 'to watch again'],
  ['set_check', 'for checks'],
  ['set_rules', 'for rollup rules'],
  ['remove', 'to remove'],
];

export function summaryOf({ steps, unchanged }: Plan): string {
  const parts = COUNTED.flatMap(([action, words]) => {
    const count = steps.filter((step) => step.action === action).length;
    return count === 0 ? [] : [`${count} ${words}`];
  });
  return [...parts, `${unchanged} as they should be`].join(', ');
}

type Update = Extract<Step, { action: 'update' }>;

function changesOf({ changes, was }: Update): Record<string, { from: unknown; to: unknown }> {
  return Object.fromEntries(
    Object.entries(changes).map(([name, to]) =>
      name === 'custom_headers'
        ? ['custom_header_names', { from: was.custom_header_names ?? null, to: Object.keys(to ?? {}) }]
        : [name, { from: was[name as keyof typeof was] ?? null, to }],
    ),
  );
}

function changedMembers(step: Update): string[] {
  return Object.entries(changesOf(step)).map(([name, { from, to }]) =>
    name === 'custom_header_names' ? `${name} ${shown(to)}` : `${name} ${shown(from)} -> ${shown(to)}`,
  );
}

/** Those that are not at their defaults. */
function shownMembers(body: object): string[] {
  return Object.entries(body).flatMap(([name, value]) => {
    if (name === 'monitor_url' || isDefault(name, value)) return [];
    if (name === 'custom_headers') return [`custom_header_names ${shown(Object.keys(value as object))}`];
    return [`${name} ${shown(value)}`];
  });
}

function isDefault(name: string, value: unknown): boolean {
  if (name === 'monitor_active') return value === true;
  return value === null || value === undefined || value === false || value === 'follow' || isEmptyList(value);
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function shown(value: unknown): string {
  return escapeControl(stringifyJson(value));
}

function listed(members: readonly string[]): string {
  return members.length === 0 ? '' : `: ${members.join(', ')}`;
}
