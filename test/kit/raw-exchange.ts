/** Bytes to a server and whatever it says until it hangs up: for requests that no client would send. */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { parseJson } from '../../src/lib/json.ts';
import type { Reply } from './api.ts';

export async function rawText(address: string, bytes: string): Promise<string> {
  const { port, hostname } = new URL(address);
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  return text(socket.setEncoding('utf8'));
}

/** The same as one reply. */
export async function rawReply(address: string, bytes: string): Promise<Reply> {
  const said = await rawText(address, bytes);
  const [head = '', ...rest] = said.split('\r\n\r\n');
  const [first = '', ...fields] = head.split('\r\n');
  const body = rest.join('\r\n\r\n');
  const parsed = parseJson(body);
  return {
    status: Number(first.split(' ')[1]),
    headers: new Headers(
      fields.map((field): [string, string] => [field.split(':', 1)[0] ?? '', field.replace(/^[^:]*: */, '')]),
    ),
    text: body,
    body: parsed.ok ? parsed.value : undefined,
  };
}
