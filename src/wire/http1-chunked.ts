/** Counts a chunked body (RFC 9112 section 7.1). Extensions and trailers are read past, within bounds, and ignored. */
import type { BodyCounter } from './body-counter.ts';

const LF = 10;
const CR = 13;
/** Spaces after the size are against the grammar and sent by real servers. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?\r?$/;
const MAX_SIZE_LINE_BYTES = 1_024;
/** Extensions and trailers together: framing must not outweigh the limits on content. */
const MAX_OVERHEAD_BYTES = 16_384;
/** What the shortest size line takes; a line that is no longer has nothing to hide. */
const FREE_LINE_BYTES = 16;

type State = 'size' | 'data' | 'data_end' | 'trailer' | 'complete' | 'bad_chunking';

export function createChunkedCounter(): BodyCounter {
  let state: State = 'size';
  let count = 0;
  let chunkLeft = 0;
  let line = '';
  let overhead = 0;

  /** Reads up to the end of a line; returns the next position. */
  function takeLinePart(bytes: Buffer, at: number): number {
    const lineEnd = bytes.indexOf(LF, at);
    const next = lineEnd === -1 ? bytes.length : lineEnd + 1;
    line += bytes.toString('latin1', at, Math.min(lineEnd === -1 ? next : lineEnd, at + MAX_SIZE_LINE_BYTES + 1));
    overhead += state === 'trailer' ? next - at : 0;
    if (line.length > MAX_SIZE_LINE_BYTES || overhead > MAX_OVERHEAD_BYTES) state = 'bad_chunking';
    else if (lineEnd !== -1) endLine();
    return next;
  }

  function endLine(): void {
    const text = line;
    line = '';
    if (state === 'trailer') {
      if (text === '' || text === '\r') state = 'complete';
      return;
    }
    overhead += Math.max(0, text.length - FREE_LINE_BYTES);
    const size = SIZE_LINE.exec(text)?.[1];
    if (size === undefined) state = 'bad_chunking';
    else if (Number.parseInt(size, 16) === 0) state = 'trailer';
    else {
      chunkLeft = Number.parseInt(size, 16);
      state = 'data';
    }
  }

  function takeData(bytes: Buffer, at: number): number {
    const taken = Math.min(chunkLeft, bytes.length - at);
    count += taken;
    chunkLeft -= taken;
    if (chunkLeft === 0) state = 'data_end';
    return at + taken;
  }

  /** The line end after a chunk's data; a bare LF is tolerated as everywhere. */
  function takeDataEnd(byte: number | undefined): void {
    if (byte === LF) state = 'size';
    else if (byte !== CR) state = 'bad_chunking';
  }

  return {
    push(bytes) {
      let at = 0;
      while (at < bytes.length && state !== 'complete' && state !== 'bad_chunking') {
        if (state === 'data') at = takeData(bytes, at);
        else if (state === 'data_end') takeDataEnd(bytes[at++]);
        else at = takeLinePart(bytes, at);
      }
    },
    bytes: () => count,
    state: () => (state === 'complete' || state === 'bad_chunking' ? state : 'open'),
    close: () => (state === 'complete' ? 'complete' : 'truncated'),
  };
}
