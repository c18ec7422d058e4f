/** What the library for YAML finds wrong, in our own words: its messages repeat text of the file, where secrets may stand. */

export type Cause = {
  /** What is wrong; follows the name of the file. It may repeat names of the file: escape before showing. */
  what: string;
  fix: string;
};

export const UNKNOWN_VERSION: Cause = {
  what: 'says that it is of another version than YAML 1.2, in which words such as no and on are values',
  fix: 'take out the line that begins with %YAML, and write true and false',
};

const QUOTE_IT = 'put a text that holds a colon, a # or another sign of YAML into quotes';

const CAUSES: Readonly<Record<string, Cause>> = {
  BAD_INDENT: {
    what: 'is indented wrongly, or stands in brackets that were not closed',
    fix: 'let the members of a map, and the items of a list, begin in one column, and close what was opened',
  },
  TAB_AS_INDENT: { what: 'is indented with a tab', fix: 'take spaces' },
  MULTIPLE_DOCS: { what: 'holds more than one document', fix: 'give each a file of its own' },
  BLOCK_AS_IMPLICIT_KEY: { what: 'has a map where one value was to come', fix: QUOTE_IT },
  MULTILINE_IMPLICIT_KEY: { what: 'has a name of more than one line', fix: `end it with a colon, or ${QUOTE_IT}` },
  KEY_OVER_1024_CHARS: { what: 'has a name of more than 1024 characters', fix: QUOTE_IT },
  BAD_SCALAR_START: { what: 'has a text that begins with a sign of YAML', fix: 'put it into quotes' },
  BAD_DQ_ESCAPE: { what: 'has an escape that YAML does not know', fix: 'take single quotes, or write \\\\ for \\' },
  MISSING_CHAR: { what: 'lacks a quote, a bracket, a comma or a colon', fix: 'close what was opened' },
  UNEXPECTED_TOKEN: { what: 'has something where nothing like it may stand', fix: QUOTE_IT },
  BLOCK_IN_FLOW: {
    what: 'has lines of a list or a map between brackets',
    fix: 'write it with brackets and commas too',
  },
  BAD_DIRECTIVE: { what: 'begins with a line of % that is not known', fix: 'take it out' },
  RESOURCE_EXHAUSTION: { what: 'is nested too deeply', fix: 'see what is meant to be in it' },
};

/** `token` is the text that `code` is about. */
export function causeOf(code: string, token: string): Cause {
  const isTag = (code === 'TAG_RESOLVE_FAILED' || code === 'BAD_COLLECTION_TYPE') && token.startsWith('!');
  if (isTag)
    return { what: `has the tag ${JSON.stringify(token.slice(0, 120))}, which is not read`, fix: 'take it out' };
  return CAUSES[code] ?? { what: 'is not valid YAML', fix: QUOTE_IT };
}
