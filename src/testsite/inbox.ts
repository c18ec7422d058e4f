/** The last webhooks that came, with what their signatures are worth. */

export type Received = {
  id: number;
  received_at: string;
  event: string | null;
  delivery: string | null;
  signature: string | null;
  /** Absent where no secret is known to verify with. */
  signature_valid?: boolean;
  body: string;
};

export type Inbox = {
  put(received: Omit<Received, 'id'>): void;
  /** Oldest first. */
  list(): readonly Received[];
  clear(): void;
};

const MAX_KEPT = 1_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** The oldest make room, by number and by size. */
export function createInbox(): Inbox {
  let kept: Received[] = [];
  let bytes = 0;
  let lastId = 0;
  return {
    put(received) {
      lastId += 1;
      kept.push({ id: lastId, ...received });
      bytes += received.body.length;
      while (kept.length > MAX_KEPT || bytes > MAX_BYTES) bytes -= kept.shift()?.body.length ?? 0;
    },
    list: () => kept,
    clear() {
      kept = [];
      bytes = 0;
    },
  };
}
