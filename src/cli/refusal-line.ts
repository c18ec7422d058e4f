/** A refusal or failure as it is shown: one line for people, or one JSON document for programs. */
import { escapeControl } from '../lib/escape.ts';
import { jsonLine } from './json-line.ts';

export type ShownRefusal = {
  code: string;
  message: string;
  fix: string | null;
  details?: Readonly<Record<string, unknown>> | undefined;
};

export function refusalLine(refusal: ShownRefusal, asJson: boolean): string {
  const { message, fix } = refusal;
  if (asJson) return jsonLine({ error: { ...refusal, fix: fix ?? undefined } });
  return `error: ${sentence(message)}${fix === null ? '' : ` Fix: ${sentence(fix)}`}\n`;
}

function sentence(text: string): string {
  return `${escapeControl(text)}${/[.?!]$/.test(text) ? '' : '.'}`;
}
