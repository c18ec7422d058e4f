/** Text as one word of a POSIX shell, and the places that lead somewhere. */
import type { Completable } from './tree.ts';

/** Everything in single quotes stands for itself. */
export function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** `<words so far> <next word>` of every command, as patterns of a `case`. */
export function steps(tree: readonly Completable[]): string {
  const places = tree.map(({ words }) => words).filter((words) => words !== '');
  return places.map((words) => singleQuoted(words)).join('|');
}

/** Every choice list, with the patterns of the options that have it. */
export function choiceLists(tree: readonly Completable[]): readonly (readonly string[])[] {
  const lists = new Map<string, readonly string[]>();
  for (const { options } of tree) {
    for (const { choices } of options) if (choices.length > 0) lists.set(choices.join('\n'), choices);
  }
  return [...lists.values()];
}
