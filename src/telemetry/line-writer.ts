/**
 * Lines to a stream that may fail, fill up, or have nobody who reads it. What cannot be written is dropped and counted, and
 * one line says how many were as soon as writing works again; nothing is thrown and nothing is waited for.
 */
export interface LineWriter {
  /** Without the end of the line. */
  write(line: string): void;
  /** Lines that were dropped so far. */
  dropped(): number;
}

/** What may wait for a reader: enough for a burst, little beside the rest of a server. */
const MAX_WAITING_BYTES = 1_048_576;

export function createLineWriter(parts: {
  out: NodeJS.WritableStream;
  /** The line that says how many were lost. */
  noteOf(lines: number): string;
  maxWaitingBytes?: number;
}): LineWriter {
  const { out, noteOf, maxWaitingBytes = MAX_WAITING_BYTES } = parts;
  let waitingBytes = 0;
  let dropped = 0;
  let told = 0;
  let isTelling = false;
  /** The last write failed, and may have left half a line. */
  let isTorn = false;

  function hand(text: string, done: (worked: boolean) => void): void {
    const bytes = Buffer.byteLength(text);
    let isOver = false;
    const end = (error?: Error | null) => {
      if (isOver) return;
      isOver = true;
      waitingBytes -= bytes;
      isTorn = error instanceof Error;
      done(!isTorn);
    };
    waitingBytes += bytes;
    try {
      out.write(text, end);
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** In the place where they are missing, or soon after. */
  function tell(): void {
    if (isTelling || dropped === told || waitingBytes > maxWaitingBytes / 2) return;
    isTelling = true;
    const upTo = dropped;
    hand(`${noteOf(upTo - told)}\n`, (worked) => {
      isTelling = false;
      if (!worked) return;
      told = upTo;
      tell();
    });
  }

  // Every write hears of its own failure; a stream whose errors nobody hears would end the program.
  if (!out.listeners('error').includes(ignore)) out.on('error', ignore);
  return {
    write(line) {
      const text = `${isTorn ? '\n' : ''}${line}\n`;
      if (waitingBytes + Buffer.byteLength(text) > maxWaitingBytes) {
        dropped += 1;
        return;
      }
      hand(text, (worked) => {
        if (worked) tell();
        else dropped += 1;
      });
    },
    dropped: () => dropped,
  };
}

/** One for all writers of a stream. */
function ignore(): void {}
