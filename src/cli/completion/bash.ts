/** The completion script for bash, from 3.2 on: all that it knows stands in it, so that a tab starts no program. */
import { patternsFor } from './option-places.ts';
import { choiceLists, singleQuoted, steps } from './shell-words.ts';
import type { Completable } from './tree.ts';

export function bashScript(name: string, tree: readonly Completable[]): string {
  return `# Completion of ${name} for bash. Made by \`${name} completion bash\`.
_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} at='' word i
  local commands='' options='' choices='' takes='' files=''
  # What is written as --name=value comes as three words.
  if [[ $cur == '=' ]]; then
    cur=''
  elif [[ $prev == '=' && $COMP_CWORD -ge 2 ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "\${at:+$at }$word" in
      ${steps(tree)}) at="\${at:+$at }$word" ;;
    esac
  done
  case "$at" in
${tree.map(placeCase).join('\n')}
  esac
  case "$at $prev" in
${optionCases(tree)}
  esac
  if [[ -n $choices || -n $takes ]]; then
    [[ $takes == file ]] && return
    commands='' options='' files=''
  fi
  local IFS=$'\\n'
  if [[ -n $choices ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
  elif [[ -z $takes && $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
  elif [[ -z $takes && -n $commands ]]; then
    COMPREPLY=($(compgen -W "$commands" -- "$cur"))
  else
    COMPREPLY=()
  fi
  COMPREPLY=("\${COMPREPLY[@]// /\\\\ }")
  [[ -n $files ]] || compopt +o default 2>/dev/null
}
complete -o default -F _${name} ${name}
`;
}

function placeCase({ words, commands, options, choices, takesFile }: Completable): string {
  const names = [...commands.map(({ name }) => name), ...choices];
  const parts = [
    names.length === 0 ? '' : `commands=${list(names)}`,
    `options=${list(options.flatMap((option) => option.names))}`,
    takesFile ? 'files=1' : '',
  ];
  return `    ${singleQuoted(words)}) ${parts.filter((part) => part !== '').join(' ')} ;;`;
}

function optionCases(tree: readonly Completable[]): string {
  const lists = choiceLists(tree).map((choices) => {
    const text = choices.join('\n');
    const patterns = patternsFor(tree, (option) => option.choices.join('\n') === text, singleQuoted);
    return `    ${patterns.join('|')}) choices=${list(choices)} ;;`;
  });
  const plain = patternsFor(
    tree,
    ({ takes, choices, isFile }) => takes === 'value' && choices.length === 0 && !isFile,
    singleQuoted,
  );
  const files = patternsFor(tree, ({ takes, isFile }) => takes === 'value' && isFile, singleQuoted);
  return [
    ...lists,
    ...(files.length === 0 ? [] : [`    ${files.join('|')}) takes=file ;;`]),
    ...(plain.length === 0 ? [] : [`    ${plain.join('|')}) takes=value ;;`]),
  ].join('\n');
}

/** One a line, so that words may hold spaces; `compgen` expands what it is given. */
function list(words: readonly string[]): string {
  return `$'${words.map((word) => word.replace(/[\\'"$`]/g, '')).join('\\n')}'`;
}
