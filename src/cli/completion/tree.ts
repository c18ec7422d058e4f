/** What can be typed where, read off the commands themselves: the data that every shell's script is made of. */
import type { Argument, Command, Option } from 'commander';

export type Completable = {
  /** The words that lead here, such as `api sites`; empty: the program itself. */
  words: string;
  commands: readonly { name: string; summary: string }[];
  options: readonly CompletableOption[];
  /** Words its arguments may be, where they are named. */
  choices: readonly string[];
  /** An argument is the name of a file. */
  takesFile: boolean;
};

export type CompletableOption = {
  /** With their dashes. */
  names: readonly string[];
  takes: 'nothing' | 'optional value' | 'value';
  choices: readonly string[];
  isFile: boolean;
  about: string;
};

/** The command and all below it, itself first. */
export function treeOf(command: Command, before: readonly string[] = []): Completable[] {
  const commands = command.commands.map((below) => ({ name: below.name(), summary: shortened(below.summary()) }));
  const own: Completable = {
    words: before.join(' '),
    commands,
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), HELP],
    choices: command.registeredArguments.flatMap(({ argChoices }: Argument) => argChoices ?? []),
    takesFile: command.registeredArguments.some((argument) => isFileName(argument.name())),
  };
  return [own, ...command.commands.flatMap((below) => treeOf(below, [...before, below.name()]))];
}

const HELP: CompletableOption = {
  names: ['-h', '--help'],
  takes: 'nothing',
  choices: [],
  isFile: false,
  about: 'how it is used',
};

function optionOf({ short, long, required, optional, argChoices, flags, description }: Option): CompletableOption {
  return {
    names: [short, long].filter((name) => name !== undefined),
    takes: required ? 'value' : optional ? 'optional value' : 'nothing',
    choices: argChoices ?? choicesIn(flags),
    isFile: isFileName(flags),
    about: shortened(description),
  };
}

/** As in `--active [true|false]`. */
function choicesIn(flags: string): string[] {
  return /[[<](\w+(?:\|\w+)+)[\]>]/.exec(flags)?.[1]?.split('|') ?? [];
}

function isFileName(text: string): boolean {
  return /\b(path|file|folder|dir)\b/.test(text.replace(/--[\w-]+/g, ''));
}

const LONGEST_ABOUT = 80;

/** The first sentence, on one line. */
function shortened(text: string): string {
  const sentence = text.split(/[.;\n]( |$)/)[0] ?? '';
  return sentence.length > LONGEST_ABOUT ? `${sentence.slice(0, LONGEST_ABOUT - 3)}...` : sentence;
}
