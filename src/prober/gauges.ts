/** Counts that a thread shows across the border in shared memory, which needs no message. */

export type Gauges = Int32Array<SharedArrayBuffer>;

const SLOTS = { running: 0, waiting: 1, visits: 2, voided: 3, stalled: 4 } as const;
export type GaugeValues = Record<keyof typeof SLOTS, number>;

export function createGauges(): Gauges {
  return new Int32Array(new SharedArrayBuffer(Object.keys(SLOTS).length * Int32Array.BYTES_PER_ELEMENT));
}

export function writeGauges(gauges: Gauges, values: GaugeValues): void {
  for (const name of NAMES) Atomics.store(gauges, SLOTS[name], values[name]);
}

export function readGauges(gauges: Gauges): GaugeValues {
  const values: GaugeValues = { running: 0, waiting: 0, visits: 0, voided: 0, stalled: 0 };
  for (const name of NAMES) values[name] = Atomics.load(gauges, SLOTS[name]);
  return values;
}

const NAMES = Object.keys(SLOTS) as (keyof typeof SLOTS)[];
