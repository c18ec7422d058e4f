/**
 * Rows of a query as columns of numbers and texts: for reading a whole fleet, of which an object a row would cost more
 * than everything that is done with it.
 */

/** `id`: 64 bits, exact. `number`: a double, NaN for null. `text`, `bytes`: null is the empty one. */
export type PackedKind = 'id' | 'number' | 'text' | 'bytes';

/** What each column is, in the order of the query. */
export type PackedKinds = Readonly<Record<string, PackedKind>>;

/** The texts of a column as one; each ends where `ends` says, in UTF-16 units, and begins where the one before it ends. */
export type PackedTexts = { text: string; ends: Uint32Array };

/** The same of bytes. */
export type PackedBytes = { bytes: Uint8Array; ends: Uint32Array };

type PackedColumn<Kind extends PackedKind> = Kind extends 'id'
  ? BigInt64Array
  : Kind extends 'number'
    ? Float64Array
    : Kind extends 'bytes'
      ? PackedBytes
      : PackedTexts;

export type Packed<Kinds extends PackedKinds = PackedKinds> = {
  count: number;
  columns: { [Name in keyof Kinds]: PackedColumn<Kinds[Name]> };
};

/** `valueOf` gives what stands in a row under the name, or at the place, of a column. */
export function pack<Kinds extends PackedKinds>(
  kinds: Kinds,
  count: number,
  valueAt: (row: number, name: string, place: number) => unknown,
): Packed<Kinds> {
  const columns: Record<string, PackedColumn<PackedKind>> = {};
  for (const [place, [name, kind]] of Object.entries(kinds).entries()) {
    columns[name] = PACKERS[kind](count, (row) => valueAt(row, name, place));
  }
  return { count, columns: columns as Packed<Kinds>['columns'] };
}

type ValueAt = (row: number) => unknown;

const PACKERS: Record<PackedKind, (count: number, valueAt: ValueAt) => PackedColumn<PackedKind>> = {
  id(count, valueAt) {
    const ids = new BigInt64Array(count);
    for (let row = 0; row < count; row += 1) ids[row] = valueAt(row) as bigint;
    return ids;
  },
  number(count, valueAt) {
    const numbers = new Float64Array(count);
    for (let row = 0; row < count; row += 1) {
      const value = valueAt(row);
      numbers[row] = value === null ? Number.NaN : Number(value);
    }
    return numbers;
  },
  text(count, valueAt) {
    const ends = new Uint32Array(count);
    const texts: string[] = [];
    let end = 0;
    for (let row = 0; row < count; row += 1) {
      const text = textOf(valueAt(row));
      texts.push(text);
      end += text.length;
      ends[row] = end;
    }
    return { text: texts.join(''), ends };
  },
  bytes(count, valueAt) {
    const ends = new Uint32Array(count);
    const all: Uint8Array[] = [];
    let end = 0;
    for (let row = 0; row < count; row += 1) {
      const value = valueAt(row);
      if (value instanceof Uint8Array) {
        all.push(value);
        end += value.length;
      }
      ends[row] = end;
    }
    const bytes = new Uint8Array(end);
    let at = 0;
    for (const some of all) {
      bytes.set(some, at);
      at += some.length;
    }
    return { bytes, ends };
  },
};

/** SQLite keeps bytes as bytes, and numbers as numbers, in a column for text. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  return value instanceof Uint8Array ? Buffer.from(value).toString() : String(value);
}

export function textStart({ ends }: PackedTexts, row: number): number {
  return row === 0 ? 0 : (ends[row - 1] ?? 0);
}

export function textAt(texts: PackedTexts, row: number): string {
  return texts.text.slice(textStart(texts, row), texts.ends[row] ?? 0);
}

/** Not copied. */
export function bytesAt({ bytes, ends }: PackedBytes, row: number): Uint8Array {
  return bytes.subarray(row === 0 ? 0 : (ends[row - 1] ?? 0), ends[row] ?? 0);
}
