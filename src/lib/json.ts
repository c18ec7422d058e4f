/**
 * The one JSON codec, fit for servers and browsers: 64-bit integers stay exact (`bigint` beyond 2^53), and texts that
 * parsers disagree about (duplicate keys, prototype keys, absurd depth) are refused instead of interpreted.
 */

export type JsonFailureKind = 'syntax' | 'duplicate_key' | 'too_deep' | 'forbidden_key' | 'number_too_large';

export type JsonFailure = {
  ok: false;
  kind: JsonFailureKind;
  /** Offset into the text, in UTF-16 units. */
  at: number;
  /** Where in the document, such as `$.sites[3].url`. Names come from the text: escape before showing. */
  path: string;
};

export type JsonParsed = { ok: true; value: unknown } | JsonFailure;

/** Names that reach the prototype of an object. */
export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
/** What a signed 64-bit column holds, both ways. */
export const LARGEST = 2n ** 63n - 1n;
export const SMALLEST = -(2n ** 63n);
/** Sign and 19 digits: longer integers are out of range without reading them. */
const LONGEST_INTEGER = 20;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;

/**
 * Parses one JSON document (RFC 8259, no byte order mark). Never throws. Integers beyond 2^53 become `bigint`; those
 * beyond 64 bits are refused. `maxDepth` counts nested arrays and objects.
 */
export function parseJson(text: string, options: { maxDepth?: number } = {}): JsonParsed {
  const reader = new Reader(text, options.maxDepth ?? 16);
  try {
    return { ok: true, value: reader.document() };
  } catch (thrown) {
    if (thrown instanceof Refusal) return { ok: false, kind: thrown.kind, at: thrown.at, path: reader.path() };
    throw thrown;
  }
}

/** Leaves the recursion; never leaves this file. */
class Refusal extends Error {
  readonly kind: JsonFailureKind;
  readonly at: number;
  constructor(kind: JsonFailureKind, at: number) {
    super(kind);
    this.kind = kind;
    this.at = at;
  }
}

/** Recursive descent; the recursion is bounded by `maxDepth`. */
class Reader {
  readonly #text: string;
  readonly #maxDepth: number;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  path(): string {
    return this.#path.reduce<string>((to, step) => to + (typeof step === 'number' ? `[${step}]` : `.${step}`), '$');
  }

  document(): unknown {
    this.#space();
    const value = this.#value();
    this.#space();
    if (this.#at < this.#text.length) this.#refuse('syntax');
    return value;
  }

  #refuse(kind: JsonFailureKind, at = this.#at): never {
    throw new Refusal(kind, at);
  }

  #space(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at += 1;
    }
  }

  #take(mark: string): boolean {
    if (this.#text[this.#at] !== mark) return false;
    this.#at += 1;
    return true;
  }

  #value(): unknown {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
        return this.#word('true', true);
      case 'f':
        return this.#word('false', false);
      case 'n':
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#refuse('syntax');
    this.#at += word.length;
    return value;
  }

  #number(): number | bigint {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) this.#refuse('syntax');
    const [source, fraction, exponent] = match;
    const value = Number(source);
    const whole = fraction === undefined && exponent === undefined;
    const wide = whole && !Number.isSafeInteger(value);
    if (!Number.isFinite(value) || (wide && source.length > LONGEST_INTEGER)) this.#refuse('number_too_large');
    const exact = wide ? BigInt(source) : value;
    if (typeof exact === 'bigint' && (exact > LARGEST || exact < SMALLEST)) this.#refuse('number_too_large');
    this.#at += source.length;
    return exact;
  }

  #string(): string {
    const start = this.#at;
    let escaped = false;
    for (let at = start + 1; at < this.#text.length; at += 1) {
      const unit = this.#text.charCodeAt(at);
      if (unit < 0x20) this.#refuse('syntax', at);
      if (unit === 0x5c) {
        escaped = true;
        at += 1;
      } else if (unit === 0x22) {
        this.#at = at + 1;
        return escaped ? this.#unescape(start, at + 1) : this.#text.slice(start + 1, at);
      }
    }
    return this.#refuse('syntax', start);
  }

  #unescape(start: number, end: number): string {
    try {
      return String(JSON.parse(this.#text.slice(start, end)));
    } catch {
      return this.#refuse('syntax', start);
    }
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#enter();
    if (!this.#take(']')) {
      do {
        this.#space();
        this.#path.push(items.length);
        items.push(this.#value());
        this.#path.pop();
        this.#space();
      } while (this.#take(','));
      if (!this.#take(']')) this.#refuse('syntax');
    }
    this.#depth -= 1;
    return items;
  }

  #object(): Record<string, unknown> {
    const members: Record<string, unknown> = {};
    this.#enter();
    if (!this.#take('}')) {
      do {
        this.#space();
        this.#member(members);
        this.#space();
      } while (this.#take(','));
      if (!this.#take('}')) this.#refuse('syntax');
    }
    this.#depth -= 1;
    return members;
  }

  #member(members: Record<string, unknown>): void {
    const at = this.#at;
    if (this.#text[at] !== '"') this.#refuse('syntax');
    const name = this.#string();
    this.#path.push(name);
    if (FORBIDDEN_KEYS.has(name)) this.#refuse('forbidden_key', at);
    if (Object.hasOwn(members, name)) this.#refuse('duplicate_key', at);
    this.#space();
    if (!this.#take(':')) this.#refuse('syntax');
    this.#space();
    members[name] = this.#value();
    this.#path.pop();
  }

  #depth = 0;

  #enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#maxDepth) this.#refuse('too_deep');
    this.#at += 1;
    this.#space();
  }
}

/**
 * Serialises plain data; `bigint` becomes a plain integer of any size. `undefined` members are left out. `indent`: over
 * several lines, by so many spaces, where the runtime can.
 */
export function stringifyJson(value: unknown, indent = 0): string {
  return rawJson === undefined ? write(value) : (JSON.stringify(value, exactIntegers(rawJson), indent) ?? 'null');
}

type RawJson = (text: string) => unknown;
/** Part of the language since 2025; older browsers take the long way. */
const rawJson = (JSON as { rawJSON?: RawJson }).rawJSON;

function exactIntegers(raw: RawJson): (key: string, value: unknown) => unknown {
  return (_, value) => (typeof value === 'bigint' ? raw(value.toString()) : value);
}

/** The same document without `JSON.rawJSON`. Exported for its test. */
export function write(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const toJson = (value as { toJSON?: unknown }).toJSON;
  if (typeof toJson === 'function') return write(toJson.call(value));
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined && typeof member !== 'function');
  return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`).join(',')}}`;
}

/** A failure in words, for people; follows the name of the document. */
export function describeJsonFailure(failure: JsonFailure): string {
  const place = `at offset ${failure.at} (${JSON.stringify(failure.path.slice(0, 120)).slice(1, -1)})`;
  switch (failure.kind) {
    case 'syntax':
      return `is not valid JSON ${place}`;
    case 'duplicate_key':
      return `has the same member twice ${place}`;
    case 'too_deep':
      return `is nested too deeply ${place}`;
    case 'forbidden_key':
      return `has a member name that is not allowed ${place}`;
    case 'number_too_large':
      return `has a number beyond 64 bits ${place}`;
  }
}
