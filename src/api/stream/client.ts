/** One follower of the live stream: writes server-sent events, and gives up on who does not read them. */
import type { FastifyReply } from 'fastify';
import type { Clock } from '../../lib/clock.ts';

/** A reader that is this far behind is dropped; it comes back and goes on where it was. */
const MAX_BUFFERED = 1024 * 1024;
/** So much may wait for a reader that is being told of the past. */
const ENOUGH_BUFFERED = 256 * 1024;
const READ_WITHIN_MS = 60_000;

type Raw = FastifyReply['raw'];

export type StreamClient = {
  /** False once the follower is gone. */
  send(text: string): boolean;
  /** Resolves when there is room for more: true, or false once the follower is gone. Drops one that does not read. */
  room(): Promise<boolean>;
  end(): void;
};

/** Sends the headers at once. `onGone` is called once, however it ends. */
export function createStreamClient(
  raw: Raw,
  headers: Record<string, string>,
  { clock, onGone }: { clock: Clock; onGone: () => void },
): StreamClient {
  let isGone = false;
  let wake: (() => void) | null = null;
  const leave = (): void => {
    if (isGone) return;
    isGone = true;
    wake?.();
    onGone();
  };
  const drop = (): void => {
    raw.destroy();
    leave();
  };
  raw.on('close', leave);
  raw.on('error', leave);
  raw.on('drain', () => wake?.());
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  raw.write(': connected\n\n');
  return {
    send(text) {
      if (isGone) return false;
      if (raw.writableLength + text.length > MAX_BUFFERED) {
        drop();
        return false;
      }
      raw.write(text);
      return true;
    },
    async room() {
      if (isGone || raw.writableLength <= ENOUGH_BUFFERED) return !isGone;
      const overdue = clock.after(READ_WITHIN_MS, drop);
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      wake = null;
      overdue.cancel();
      return !isGone;
    },
    end() {
      raw.end();
      leave();
    },
  };
}
