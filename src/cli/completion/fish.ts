/** The completion script for fish: all that it knows stands in it, so that a tab starts no program. */
import { type OptionPlaces, optionPlaces } from './option-places.ts';
import type { Completable } from './tree.ts';

export function fishScript(name: string, tree: readonly Completable[]): string {
  const places = tree.map(({ words }) => words).filter((words) => words !== '');
  const head = `# Completion of ${name} for fish. Made by \`${name} completion fish\`.
function __${name}_at
    set -l at
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${places.map((words) => quoted(` ${words}`)).join(' ')}
                set at "$at $word"
        end
    end
    contains -- "$at" $argv
end
complete -c ${name} -f
`;
  const commands = tree.flatMap((place) => placeLines(name, place));
  const options = optionPlaces(tree).map((one) => optionLine(name, one));
  return `${head}${[...commands, ...options].join('\n')}\n`;
}

function placeLines(name: string, { words, commands, choices, takesFile }: Completable): string[] {
  const here = condition(name, [words]);
  return [
    ...commands.map((below) => `complete -c ${name} ${here} -a ${quoted(below.name)} -d ${quoted(below.summary)}`),
    ...(choices.length === 0 ? [] : [`complete -c ${name} ${here} -a ${quoted(choices.map(quoted).join(' '))}`]),
    ...(takesFile ? [`complete -c ${name} ${here} -F`] : []),
  ];
}

function optionLine(name: string, { option, places }: OptionPlaces): string {
  const { names, takes, choices, isFile, about } = option;
  const spelt = names.map((one) => (one.startsWith('--') ? `-l ${one.slice(2)}` : `-s ${one.slice(1)}`)).join(' ');
  const value = takes === 'value' ? (isFile ? ' -r -F' : ' -x') : '';
  const words = choices.length === 0 ? '' : ` -a ${quoted(choices.map(quoted).join(' '))}`;
  return `complete -c ${name} ${condition(name, places)} ${spelt}${value}${words}${about === '' ? '' : ` -d ${quoted(about)}`}`;
}

function condition(name: string, places: readonly string[]): string {
  const words = places.map((place) => quoted(place === '' ? '' : ` ${place}`));
  return `-n ${quoted(`__${name}_at ${words.join(' ')}`)}`;
}

/** In single quotes only the quote and the backslash have to be escaped. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
