import { useNowMs } from './hooks.ts';
import { ago, lasting, timeOfDay } from './words.ts';

/** "12 s ago", kept true each second. */
export function Ago({ at }: { at: string }) {
  const nowMs = useNowMs();
  return (
    <time dateTime={at} title={timeOfDay(at, nowMs)}>
      {ago(Date.parse(at), nowMs)}
    </time>
  );
}

/** How long something lasted, or lasts until now. */
export function Lasting({ from, until }: { from: string; until: string | null }) {
  const nowMs = useNowMs();
  return <span>{lasting((until === null ? nowMs : Date.parse(until)) - Date.parse(from))}</span>;
}

export function At({ at }: { at: string }) {
  const nowMs = useNowMs();
  return <time dateTime={at}>{timeOfDay(at, nowMs)}</time>;
}
