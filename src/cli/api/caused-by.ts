/** Which events a failure that was made brought about, and which are of something else. Pure. */
import type { EventDetail } from '../../contracts/events.ts';
import type { Id } from '../../contracts/values.ts';

export type Cause = {
  /** What watches the URL; null: nothing does. */
  endpointId: Id | null;
  url: string;
  /** Why looks at it fail. */
  reasons: readonly string[];
  /** What has this id or a smaller one was there before. */
  afterEvent: bigint;
};

/** Whether the event is of that endpoint, opened since, and one of its steps was for such a reason at that URL. */
export function isCausedBy({ endpointId, url, reasons, afterEvent }: Cause, event: EventDetail): boolean {
  const isOfIt = endpointId !== null && event.endpoint_id !== null && BigInt(event.endpoint_id) === BigInt(endpointId);
  if (!isOfIt || BigInt(event.id) <= afterEvent) return false;
  return [event.metadata, ...event.transitions.map(({ metadata }) => metadata)].some((metadata) => {
    const reason = textIn(metadata, 'reason');
    return reason !== null && reasons.includes(reason) && textIn(metadata, 'url') === url;
  });
}

/** null: it is not said. */
export function openedFor({ metadata }: Pick<EventDetail, 'metadata'>): string | null {
  return textIn(metadata, 'reason');
}

function textIn(metadata: unknown, name: 'reason' | 'url'): string | null {
  if (typeof metadata !== 'object' || metadata === null) return null;
  const value: unknown = Reflect.get(metadata, name);
  return typeof value === 'string' ? value : null;
}
