/** Whether two values of a member stand for the same. */

/** An empty text and null both take a setting away. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, index) => value === other[index]);
  }
  return one === other || (isNothing(one) && isNothing(other));
}

function isNothing(value: unknown): boolean {
  return value === null || value === '';
}
