/** A strict reader of the text format of Prometheus 0.0.4: anything that the format does not allow throws. */
import { expect } from 'vitest';

export type Sample = { name: string; labels: Record<string, string>; value: number };
export type Family = { type: string; samples: Sample[] };

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const SUFFIXES = ['_bucket', '_sum', '_count'];

/** By the name of the family. */
export function parseExposition(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const helped = new Set<string>();
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line);
    if (comment?.[1] === 'HELP') {
      if (helped.has(comment[2] ?? '')) throw new Error(`told twice: ${line}`);
      helped.add(comment[2] ?? '');
    } else if (comment !== null) {
      const [, , name = '', type = ''] = comment;
      if (families.has(name)) throw new Error(`a family twice: ${line}`);
      if (!['counter', 'gauge', 'histogram'].includes(type)) throw new Error(`not a type: ${line}`);
      families.set(name, { type, samples: [] });
    } else {
      const sample = parseSample(line);
      familyOf(families, sample.name).samples.push(sample);
    }
  }
  for (const [name, { samples }] of families) {
    const keys = samples.map((sample) => JSON.stringify([sample.name, sample.labels]));
    if (new Set(keys).size !== keys.length) throw new Error(`${name} has a sample twice`);
  }
  return families;
}

function familyOf(families: Map<string, Family>, name: string): Family {
  const own = families.get(name);
  if (own !== undefined && own.type !== 'histogram') return own;
  const suffix = SUFFIXES.find((one) => name.endsWith(one)) ?? '';
  const histogram = families.get(name.slice(0, name.length - suffix.length));
  if (suffix === '' || histogram?.type !== 'histogram') throw new Error(`a sample without a family: ${name}`);
  return histogram;
}

function parseSample(line: string): Sample {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) throw new Error(`not a sample: ${line}`);
  const labels: Record<string, string> = {};
  let rest = line.slice(name.length);
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,?)/.exec(rest);
      if (pair === null || (pair[1] ?? '') in labels) throw new Error(`not a label: ${line}`);
      labels[pair[1] ?? ''] = (pair[2] ?? '').replace(/\\(["\\n])/g, (_, mark) => (mark === 'n' ? '\n' : mark));
      rest = rest.slice(pair[0].length);
      if (pair[3] === '' && !rest.startsWith('}')) throw new Error(`labels do not end: ${line}`);
    }
    rest = rest.slice(1);
  }
  const value = /^ (\+Inf|-Inf|NaN|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(rest)?.[1];
  if (value === undefined) throw new Error(`not a value: ${line}`);
  return { name, labels, value: value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value) };
}
