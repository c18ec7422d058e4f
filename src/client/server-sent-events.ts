/** Parser of `text/event-stream` (WHATWG HTML, section 9.2), incremental: chunks in, messages out. */

export type ServerSentEvent = { name: string; data: string; id: string | null };

/** Longest message that is kept; a longer one is dropped whole. */
const MAX_MESSAGE = 4 * 1024 * 1024;

/** `onId` hears of each id once the message it stands in is over, also of one that is an id and nothing else. */
export function createEventParser(
  emit: (event: ServerSentEvent) => void,
  onId: (id: string) => void = () => {},
): (chunk: string) => void {
  let rest = '';
  let name = '';
  let id: string | null = null;
  let isNewId = false;
  let data: string[] = [];
  let size = 0;

  function dispatch(): void {
    if (data.length > 0 && size <= MAX_MESSAGE)
      emit({ name: name === '' ? 'message' : name, data: data.join('\n'), id });
    if (isNewId && id !== null) onId(id);
    isNewId = false;
    name = '';
    data = [];
    size = 0;
  }

  function field(line: string): void {
    const colon = line.indexOf(':');
    const key = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (key === 'event') name = value;
    else if (key === 'id' && !value.includes('\0')) {
      id = value;
      isNewId = true;
    } else if (key === 'data') {
      size += value.length;
      if (size <= MAX_MESSAGE) data.push(value);
    }
  }

  return (chunk) => {
    rest += chunk;
    for (;;) {
      const end = /\r\n|\n|\r(?!$)/.exec(rest);
      if (end === null) break;
      const line = rest.slice(0, end.index);
      rest = rest.slice(end.index + end[0].length);
      if (line === '') dispatch();
      else field(line);
    }
    if (rest.length > MAX_MESSAGE) throw new RangeError('a line of the stream is too long');
  };
}
