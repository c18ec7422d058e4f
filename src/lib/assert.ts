/** Compile-time proof that a switch covers every case; throws if data from outside the types reaches it. */
export function assertNever(value: never, what: string): never {
  throw new TypeError(`unexpected ${what}: ${String(value)}`);
}
