/** The server's side of an HTTP/2 connection in exact frames (RFC 9113), well-formed or not. */
import type { Duplex } from 'node:stream';

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const ERROR = { none: 0, internal: 2, refusedStream: 7, cancel: 8, calm: 11, http11: 13 } as const;

const END_STREAM = 1;
const ACK = 1;
const END_HEADERS = 4;
const FRAME_HEADER_BYTES = 9;
const PREFACE_BYTES = 24;
/** The first stream of a client, and the only one of a prober. */
const STREAM = 1;

export type Field = readonly [name: string, value: string];

export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  header.writeUIntBE(payload.length, 0, 3);
  header.writeUInt8(type, 3);
  header.writeUInt8(flags, 4);
  header.writeUInt32BE(stream, 5);
  return Buffer.concat([header, payload]);
}

/** A field block of literals that enter no table, whatever their text (RFC 7541 section 6.2.2). */
export function fieldBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** Section 5.2, without Huffman codes; one byte per character. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'latin1');
  const prefix: number[] = [];
  let rest = bytes.length;
  if (rest < 127) prefix.push(rest);
  else {
    prefix.push(127);
    for (rest -= 127; rest >= 128; rest = Math.floor(rest / 128)) prefix.push((rest % 128) + 128);
    prefix.push(rest);
  }
  return Buffer.concat([Buffer.from(prefix), bytes]);
}

export function uint32(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length);
  numbers.forEach((number, index) => {
    bytes.writeUInt32BE(number, 4 * index);
  });
  return bytes;
}

export const SETTINGS = frame(FRAME.settings, 0, 0);
/** What a server says first: its settings, and that it has read the client's. */
export const GREETING = Buffer.concat([SETTINGS, frame(FRAME.settings, ACK, 0)]);

export function head(status: number | string, fields: readonly Field[] = [], { end = false } = {}): Buffer {
  const flags = END_HEADERS | (end ? END_STREAM : 0);
  return frame(FRAME.headers, flags, STREAM, fieldBlock([[':status', String(status)], ...fields]));
}

/** A field block over as many frames as it takes. */
export function longHead(fields: readonly Field[], frameBytes = 16_384): Buffer {
  const block = fieldBlock(fields);
  const frames: Buffer[] = [];
  for (let at = 0; at < block.length; at += frameBytes) {
    const type = at === 0 ? FRAME.headers : FRAME.continuation;
    const flags = at + frameBytes >= block.length ? END_HEADERS : 0;
    frames.push(frame(type, flags, STREAM, block.subarray(at, at + frameBytes)));
  }
  return Buffer.concat(frames);
}

export function trailers(fields: readonly Field[]): Buffer {
  return frame(FRAME.headers, END_HEADERS | END_STREAM, STREAM, fieldBlock(fields));
}

export function data(content: string | Buffer, { end = false } = {}): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  return frame(FRAME.data, end ? END_STREAM : 0, STREAM, bytes);
}

export function reset(code: number): Buffer {
  return frame(FRAME.rstStream, 0, STREAM, uint32(code));
}

export function goaway(code: number, lastStream: number = STREAM): Buffer {
  return frame(FRAME.goaway, 0, 0, uint32(lastStream, code));
}

/** Calls back once the client has opened its stream. */
export function onHttp2Request(stream: Duplex, play: () => void): void {
  let bytes: Buffer = Buffer.alloc(0);
  const onData = (more: Buffer): void => {
    bytes = Buffer.concat([bytes, more]);
    if (!hasRequest(bytes)) return;
    stream.off('data', onData);
    stream.resume();
    play();
  };
  stream.on('data', onData);
}

function hasRequest(bytes: Buffer): boolean {
  let at = PREFACE_BYTES;
  while (at + FRAME_HEADER_BYTES <= bytes.length) {
    const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3);
    if (end <= bytes.length && bytes[at + 3] === FRAME.headers) return true;
    at = end;
  }
  return false;
}
