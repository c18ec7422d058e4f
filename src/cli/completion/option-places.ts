/** Which option means what where, put together: a script names each meaning once, with all the places it holds in. */
import type { Completable, CompletableOption } from './tree.ts';

export type OptionPlaces = { option: CompletableOption; places: readonly string[] };

/** Places are the words that lead there. In the order in which options are met. */
export function optionPlaces(tree: readonly Completable[]): OptionPlaces[] {
  const found = new Map<string, { option: CompletableOption; places: string[] }>();
  for (const { words, options } of tree) {
    for (const option of options) {
      const key = JSON.stringify(option);
      const known = found.get(key) ?? { option, places: [] };
      known.places.push(words);
      found.set(key, known);
    }
  }
  return [...found.values()];
}

/** Patterns of a shell's `case`, each `<words> <option>`, for options of which `wanted` holds; shorter where it holds everywhere. */
export function patternsFor(
  tree: readonly Completable[],
  wanted: (option: CompletableOption) => boolean,
  quote: (text: string) => string,
): string[] {
  const having = new Map<string, { wanted: string[]; others: number }>();
  for (const { words, options } of tree) {
    for (const option of options) {
      for (const name of option.names) {
        const places = having.get(name) ?? { wanted: [], others: 0 };
        if (wanted(option)) places.wanted.push(words);
        else places.others += 1;
        having.set(name, places);
      }
    }
  }
  return [...having].flatMap(([name, { wanted: places, others }]) => {
    if (places.length === 0) return [];
    return others === 0 ? [`*${quote(` ${name}`)}`] : places.map((words) => quote(`${words} ${name}`));
  });
}
