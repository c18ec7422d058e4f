/** Spans of time as people write them. */

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** Seconds in `30s`, `5m`, `1h`, `1d`; a bare number is seconds. Null when the text is none of these. */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,7})(s|m|h|d)?$/.exec(text.trim());
  if (match === null) return null;
  return Number(match[1]) * (UNIT_SECONDS[match[2] ?? 's'] ?? 1);
}

/** `90` as `90 s`, `300` as `5 min`, `7200` as `2 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  if (seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
