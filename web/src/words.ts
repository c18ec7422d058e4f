/** How the page says times, intervals, reasons and addresses. Pure. */
import type { WatchedUrl } from '../../src/client/watch-url.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time in its largest one or two units: "12 s", "3 min 5 s", "2 h 4 min", "5 d 3 h". */
export function lasting(ms: number): string {
  const pair = (big: number, bigName: string, small: number, smallName: string): string => {
    const rest = Math.floor((ms % big) / small);
    return `${Math.floor(ms / big)} ${bigName}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
  };
  if (!(ms >= SECOND)) return '0 s';
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  if (ms < HOUR) return pair(MINUTE, 'min', SECOND, 's');
  if (ms < DAY) return pair(HOUR, 'h', MINUTE, 'min');
  return pair(DAY, 'd', HOUR, 'h');
}

/** "12 s ago". A clock that runs behind the server's reads as "just now". */
export function ago(thenMs: number, nowMs: number): string {
  const ms = nowMs - thenMs;
  if (!(ms >= 2 * SECOND)) return 'just now';
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} d ago`;
}

/** A measured time: "0.4 ms", "38 ms", "1.24 s". */
export function measured(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return `${(ms / SECOND).toFixed(ms < 9_995 ? 2 : 1)} s`;
}

/** "every 5 min". */
export function every(seconds: number): string {
  return `every ${lasting(seconds * SECOND)}`;
}

/** The time of day, with the date when it was another day. */
export function timeOfDay(iso: string, nowMs: number): string {
  const then = new Date(iso);
  const isToday = then.toDateString() === new Date(nowMs).toDateString();
  const time = then.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
  return isToday ? time : `${then.toLocaleDateString([], { day: 'numeric', month: 'short' })} ${time}`;
}

const REASONS: Readonly<Record<string, string>> = {
  opened: 'first failure seen',
  local_confirmed: 'confirmed by fresh retries',
  verifier_confirmed: 'confirmed from elsewhere',
  severity_escalation: 'got worse',
  severity_deescalation: 'got better',
  verification_overdue: 'nobody could confirm it for long',
  false_alarm: 'others found it well',
  maintenance_swallowed: 'within a maintenance window',
  probe_cleared: 'a fresh probe found it well',
  verifier_cleared: 'recovered',
  manual_override: 'closed by hand',
};

/** A transition's reason in words; codes not known here are shown as they are. */
export function reasonInWords(code: string): string {
  return Object.hasOwn(REASONS, code) ? (REASONS[code] ?? code) : code.replaceAll('_', ' ');
}

/** What became of an address that someone asked to watch. */
export function watchedInWords(url: string, watched: WatchedUrl): string {
  switch (watched.outcome) {
    case 'created':
      return `Watching ${watched.site.monitor_url} from now on.`;
    case 'exists':
      return `${url} is already watched.`;
    case 'resumed':
      return `Watching ${watched.site.monitor_url} again; it was ${watched.was}.`;
  }
}

/** What someone typed, as the URL they most likely meant: a bare host gets https. The server has the last word. */
export function asUrl(typed: string): string {
  const text = typed.trim();
  return text === '' || /^[a-z][a-z0-9+.-]*:/i.test(text.replace(/^[^/:]+:\d+(?=\/|$)/, '')) ? text : `https://${text}`;
}

/** The URL as a link target, only when it is one a browser may safely follow. */
export function linkTarget(url: string): string | null {
  const parsed = URL.parse(url);
  return parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:') ? parsed.href : null;
}

/** The URL without what every URL has: for reading, never for asking. */
export function shortUrl(url: string): string {
  return url.replace(/^https:\/\//, '').replace(/^([^/?#]+)\/$/, '$1');
}

/** A message as a sentence: a capital first, unless it begins with an address or a name, and a full stop last. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  const begun = trimmed.replace(/^[a-z](?=[a-z]*(\s|$))/, (letter) => letter.toUpperCase());
  return begun === '' || /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}
