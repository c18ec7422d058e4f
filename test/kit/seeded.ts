/** Randomness that can be had again: the same seed, the same numbers (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: `JETMON_TEST_SEED`, or a new one; said on standard output so that it can be given again. */
export function seedOf(test: string): number {
  const seed = Number(process.env['JETMON_TEST_SEED'] || Math.floor(Math.random() * 2 ** 32));
  process.stdout.write(`seed of "${test}": JETMON_TEST_SEED=${seed}\n`);
  return seed;
}
