/** One follower of the live stream: writes server-sent events, and gives up on who does not read them. */
import type { FastifyReply } from 'fastify';

/** A reader that is this far behind is dropped; it comes back and fetches anew. */
const MAX_BUFFERED = 1024 * 1024;

type Raw = FastifyReply['raw'];

export type StreamClient = {
  /** False once the follower is gone. */
  send(text: string): boolean;
  end(): void;
};

/** Sends the headers at once. `onGone` is called once, however it ends. */
export function createStreamClient(raw: Raw, headers: Record<string, string>, onGone: () => void): StreamClient {
  let gone = false;
  const leave = (): void => {
    if (gone) return;
    gone = true;
    onGone();
  };
  raw.on('close', leave);
  raw.on('error', leave);
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  raw.write(': connected\n\n');
  return {
    send(text) {
      if (gone) return false;
      if (raw.writableLength + text.length > MAX_BUFFERED) {
        raw.destroy();
        leave();
        return false;
      }
      raw.write(text);
      return true;
    },
    end() {
      raw.end();
      leave();
    },
  };
}
