/**
 * YAML 1.2 as people write it, held to the rules of the JSON codec: 64-bit integers stay exact; what readers disagree about, and
 * what grows out of all proportion, is refused. Takes a large library along: import this file when there is YAML to be read.
 */
import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { FORBIDDEN_KEYS, LARGEST, SMALLEST } from './json.ts';
import { type Cause, causeOf, UNKNOWN_VERSION } from './yaml-causes.ts';

export type YamlFailure = Cause & {
  ok: false;
  /** Where, both from 1. */
  line: number;
  column: number;
};

export type YamlParsed = { ok: true; value: unknown } | YamlFailure;

export type YamlLimits = {
  /** Nested lists and maps, those that aliases repeat among them. */
  maxDepth?: number;
  /** Values in all, those that aliases repeat counted each time. */
  maxValues?: number;
  /** Words, brackets, blanks and ends of lines. */
  maxSigns?: number;
};

/** Said as `!!str` and so on, they only repeat what a value is. */
const TAGS: ReadonlySet<string> = new Set([
  '!',
  ...['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
]);
/** A member of this name, without quotes, takes over what the map or the maps of its value hold. */
const MERGE = '<<';

const LIMITS: Required<YamlLimits> = { maxDepth: 16, maxValues: 1_000_000, maxSigns: 1_500_000 };

/** Parses one document. Never throws. `<<` merges; values of aliases are shared, so do not change what comes back. */
export function parseYaml(text: string, given: YamlLimits = {}): YamlParsed {
  const limits = { ...LIMITS, ...given };
  const lineCounter = new LineCounter();
  try {
    const root = compose(text, lineCounter, limits.maxSigns);
    return { ok: true, value: createReader(limits)(root, 0) };
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    const { line, col } = lineCounter.linePos(thrown.at);
    return { ok: false, line, column: col, what: thrown.message, fix: thrown.fix };
  }
}

/** Leaves the recursion; never leaves this file. */
class Refusal extends Error {
  readonly at: number;
  readonly fix: string;
  constructor(at: number, { what, fix }: Cause) {
    super(what);
    this.at = at;
    this.fix = fix;
  }
}

/** The library checks names of maps pair by pair, which takes too long in a large one: the reader does it. */
function compose(text: string, lineCounter: LineCounter, maxSigns: number): unknown {
  const composer = new Composer({
    ...{ version: '1.2', schema: 'core', resolveKnownTags: false, merge: false },
    ...{ intAsBigInt: true, uniqueKeys: false, prettyErrors: false },
  });
  const [document, another] = composer.compose(tokensOf(text, lineCounter, maxSigns), true, text.length);
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw new Refusal(error.pos[0], causeOf(error.code, text.slice(...error.pos)));
  if (another !== undefined) throw new Refusal(another.range[0], causeOf('MULTIPLE_DOCS', ''));
  if (document?.directives?.yaml.version !== '1.2') throw new Refusal(0, UNKNOWN_VERSION);
  return document.contents;
}

/** Signs are counted before anything is made of them: each takes the library a kilobyte. */
function* tokensOf(text: string, lineCounter: LineCounter, maxSigns: number): Generator<CST.Token, void> {
  const parser = new Parser(lineCounter.addNewLine);
  lineCounter.addNewLine(0);
  let signs = 0;
  let at = 0;
  for (const sign of new Lexer().lex(text)) {
    signs += 1;
    if (signs > maxSigns) refuse(at, 'holds more names, values and signs than are read at once', 'split it');
    yield* parser.next(sign);
    at += sign.length;
  }
  yield* parser.end();
}

type Anchored = { value: unknown; values: number; height: number };

/** The function it returns gives the value of a node that stands in `depth` lists and maps. */
function createReader(limits: Required<YamlLimits>): (node: unknown, depth: number) => unknown {
  const anchored = new Map<string, Anchored>();
  let values = 0;
  let deepest = 0;

  function read(node: unknown, depth: number): unknown {
    if (!isNode(node)) return null;
    const at = node.range?.[0] ?? 0;
    if (isAlias(node)) return repeat(node.source, at, depth);
    if (node.tag !== undefined && !TAGS.has(node.tag)) {
      refuse(at, `has the tag ${shown(node.tag)}, and no tags of one's own are read`, 'take it out');
    }
    const [valuesBefore, deepestBefore] = [values, deepest];
    deepest = depth;
    grow(1, isScalar(node) ? depth : depth + 1, at);
    const value = isScalar(node) ? scalar(node, at) : isMap(node) ? map(node, depth + 1) : list(node, depth + 1);
    if (node.anchor !== undefined) {
      anchored.set(node.anchor, { value, values: values - valuesBefore, height: deepest - depth });
    }
    deepest = Math.max(deepest, deepestBefore);
    return value;
  }

  function grow(more: number, depth: number, at: number): void {
    values += more;
    deepest = Math.max(deepest, depth);
    if (values > limits.maxValues) {
      refuse(at, `holds more than ${limits.maxValues} values, those that aliases repeat among them`, 'split it');
    }
    if (depth > limits.maxDepth) refuse(at, 'is nested too deeply', 'see what is meant to be in it');
  }

  /** An anchor is known once its value is complete, so that nothing can hold itself. */
  function repeat(name: string, at: number, depth: number): unknown {
    const found = anchored.get(name);
    if (found === undefined) {
      refuse(at, `has the alias ${shown(`*${name}`)} without an anchor before it`, `put &${name} at what it repeats`);
    }
    grow(found.values, depth + found.height, at);
    return found.value;
  }

  function list(node: unknown, depth: number): unknown[] {
    return isSeq(node) ? node.items.map((item) => read(item, depth)) : [];
  }

  function map(node: YAMLMap, depth: number): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    const names = new Set<string>();
    let merged: unknown[] = [];
    for (const { key, value } of node.items) {
      const at = (isNode(key) ? key.range?.[0] : undefined) ?? node.range?.[0] ?? 0;
      const name = read(key, depth);
      if (typeof name !== 'string') refuse(at, 'has a name that is not a text', 'put it into quotes');
      if (FORBIDDEN_KEYS.has(name)) refuse(at, `has the name ${shown(name)}, which is not allowed`, 'take it out');
      if (names.has(name)) refuse(at, `has the name ${shown(name)} twice in one map`, 'take one of them out');
      names.add(name);
      if (name === MERGE && isScalar(key) && key.type === 'PLAIN') merged = [read(value, depth)].flat();
      else members[name] = read(value, depth);
      if (!merged.every(isRecord)) refuse(at, 'merges (<<) what is not a map', 'name an anchor of a map');
    }
    for (const [name, value] of merged.flatMap((more) => Object.entries(more as object))) {
      if (!Object.hasOwn(members, name)) members[name] = value;
    }
    return members;
  }

  return read;
}

function scalar({ value }: Scalar, at: number): unknown {
  const isTooLarge =
    typeof value === 'bigint'
      ? value > LARGEST || value < SMALLEST
      : typeof value === 'number' && !Number.isFinite(value);
  if (isTooLarge) refuse(at, 'has a number beyond 64 bits', 'put it into quotes if it is meant as a text');
  return typeof value === 'bigint' && Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(name: string): string {
  return JSON.stringify(name.slice(0, 120));
}

function refuse(at: number, what: string, fix: string): never {
  throw new Refusal(at, { what, fix });
}
