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

export interface Columns<Kinds extends PackedKinds> {
  /** Values in the order of the kinds, which are the caller's to use again. */
  add(row: ArrayLike<unknown>): void;
  /** What was added; nothing is added afterwards. */
  packed(): Packed<Kinds>;
}

/** Columns that are filled row by row. `expected` says how many are known to come. */
export function createColumns<Kinds extends PackedKinds>(kinds: Kinds, expected = FEW_ROWS): Columns<Kinds> {
  const names = Object.keys(kinds);
  const columns = Object.values(kinds).map((kind) => COLUMNS[kind](expected));
  let count = 0;
  return {
    add(row) {
      for (let place = 0; place < columns.length; place += 1) columns[place]?.set(count, row[place]);
      count += 1;
    },
    packed() {
      const packed = Object.fromEntries(names.map((name, place) => [name, columns[place]?.take(count)]));
      return { count, columns: packed as Packed<Kinds>['columns'] };
    },
  };
}

/** Rows that are there already. */
export function pack<Kinds extends PackedKinds>(kinds: Kinds, rows: readonly (readonly unknown[])[]): Packed<Kinds> {
  const columns = createColumns(kinds, rows.length);
  for (const row of rows) columns.add(row);
  return columns.packed();
}

const FEW_ROWS = 64;
const FEW_BYTES = 4_096;

type Column<Taken> = { set(row: number, value: unknown): void; take(count: number): Taken };

const COLUMNS: { [Kind in PackedKind]: (expected: number) => Column<PackedColumn<Kind>> } = {
  id(expected) {
    let ids = new BigInt64Array(expected);
    return {
      set(row, value) {
        if (row === ids.length) ids = withRoom(ids, row + 1);
        ids[row] = value as bigint;
      },
      take: (count) => first(ids, count),
    };
  },
  number(expected) {
    let numbers = new Float64Array(expected);
    return {
      set(row, value) {
        if (row === numbers.length) numbers = withRoom(numbers, row + 1);
        numbers[row] = value === null ? Number.NaN : Number(value);
      },
      take: (count) => first(numbers, count),
    };
  },
  text(expected) {
    const ends = createEnds(expected);
    const texts: string[] = [];
    return {
      set(row, value) {
        const text = textOf(value);
        texts.push(text);
        ends.add(row, text.length);
      },
      take: (count) => ({ text: texts.join(''), ends: ends.take(count) }),
    };
  },
  bytes(expected) {
    const ends = createEnds(expected);
    let bytes = new Uint8Array(FEW_BYTES);
    let length = 0;
    return {
      set(row, value) {
        const some = value instanceof Uint8Array ? value : NO_BYTES;
        if (length + some.length > bytes.length) bytes = withRoom(bytes, length + some.length);
        bytes.set(some, length);
        length += some.length;
        ends.add(row, some.length);
      },
      take: (count) => ({ bytes: first(bytes, length), ends: ends.take(count) }),
    };
  },
};

const NO_BYTES = new Uint8Array();

function createEnds(expected: number) {
  let ends = new Uint32Array(expected);
  return {
    add(row: number, length: number): void {
      if (row === ends.length) ends = withRoom(ends, row + 1);
      ends[row] = (row === 0 ? 0 : (ends[row - 1] ?? 0)) + length;
    },
    take: (count: number) => first(ends, count),
  };
}

type Numbers = BigInt64Array | Float64Array | Uint32Array | Uint8Array;

function withRoom<Some extends Numbers>(column: Some, wanted: number): Some {
  const longer = new (column.constructor as new (length: number) => Some)(Math.max(wanted, column.length * 2));
  longer.set(column as never);
  return longer;
}

/** No longer than that: what is sent to another thread is all that lies behind it. */
function first<Some extends Numbers>(column: Some, count: number): Some {
  return column.length === count ? column : (column.slice(0, count) as Some);
}

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
