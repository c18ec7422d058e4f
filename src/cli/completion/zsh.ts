/** The completion script for zsh: all that it knows stands in it, so that a tab starts no program. */
import { patternsFor } from './option-places.ts';
import { choiceLists, singleQuoted, steps } from './shell-words.ts';
import type { Completable } from './tree.ts';

export function zshScript(name: string, tree: readonly Completable[]): string {
  return `#compdef ${name}
# Completion of ${name} for zsh. Made by \`${name} completion zsh\`.
_${name}() {
  emulate -L zsh
  local cur=$words[CURRENT] prev=$words[CURRENT-1] at='' word takes='' files=''
  local -a commands options choices
  integer i
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    case "\${at:+$at }$word" in
      (${steps(tree)}) at="\${at:+$at }$word" ;;
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    compset -P '*='
  fi
  case "$at" in
${tree.map(placeCase).join('\n')}
  esac
  case "$at $prev" in
${optionCases(tree)}
  esac
  if (( $#choices )); then
    compadd -a choices
  elif [[ $takes == file ]]; then
    _files
  elif [[ $takes == value ]]; then
    return 1
  elif [[ $cur == -* ]]; then
    _describe -o 'option' options
  elif (( $#commands )); then
    _describe 'command' commands
  elif [[ -n $files ]]; then
    _files
  fi
}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function placeCase({ words, commands, options, choices, takesFile }: Completable): string {
  const named = [...commands.map(({ name, summary }) => described(name, summary)), ...choices.map(singleQuoted)];
  const parts = [
    named.length === 0 ? '' : `commands=(${named.join(' ')})`,
    `options=(${options.flatMap(({ names, about }) => names.map((name) => described(name, about))).join(' ')})`,
    takesFile ? 'files=1' : '',
  ];
  return `    (${singleQuoted(words)}) ${parts.filter((part) => part !== '').join('; ')} ;;`;
}

function described(name: string, about: string): string {
  return singleQuoted(`${name.replaceAll(':', '\\:')}${about === '' ? '' : `:${about}`}`);
}

function optionCases(tree: readonly Completable[]): string {
  const lists = choiceLists(tree).map((choices) => {
    const text = choices.join('\n');
    const patterns = patternsFor(tree, (option) => option.choices.join('\n') === text, singleQuoted);
    return `    (${patterns.join('|')}) choices=(${choices.map(singleQuoted).join(' ')}) ;;`;
  });
  const plain = patternsFor(
    tree,
    ({ takes, choices, isFile }) => takes === 'value' && choices.length === 0 && !isFile,
    singleQuoted,
  );
  const files = patternsFor(tree, ({ takes, isFile }) => takes === 'value' && isFile, singleQuoted);
  return [
    ...lists,
    ...(files.length === 0 ? [] : [`    (${files.join('|')}) takes=file ;;`]),
    ...(plain.length === 0 ? [] : [`    (${plain.join('|')}) takes=value ;;`]),
  ].join('\n');
}
