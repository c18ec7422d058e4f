/** Where a check of a number goes: no two ask for the same, and hosts take turns. */

/** Stands for the number in an origin, where every check goes to a host that was never seen before. */
export const NEW_HOST = '{n}';

export function urlOf(origins: readonly string[], number: number): string {
  const origin = origins[number % origins.length] ?? '';
  return `${origin.replace(NEW_HOST, String(number))}/${number}`;
}
