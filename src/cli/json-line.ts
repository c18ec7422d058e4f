import { escapeControl } from '../lib/escape.ts';
import { stringifyJson } from '../lib/json.ts';

/**
 * One JSON document on one line, safe to show in a terminal: the control and bidirectional characters that JSON allows
 * in strings as they are get written as escapes, which every parser reads as the same text.
 */
export function jsonLine(value: unknown): string {
  return `${escapeControl(stringifyJson(value))}\n`;
}
