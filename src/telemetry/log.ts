/**
 * The log: one line per happening on standard error, as text for people or JSON for machines. Every value is escaped,
 * because much of what is logged came from strangers.
 */
import { type DestinationStream, type Logger, pino } from 'pino';
import { escapeControl } from '../lib/escape.ts';
import { createLineWriter } from './line-writer.ts';

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>;

/** A log whose level can be changed while it runs. */
export type AdjustableLog = Log & {
  setLevel(level: LogLevel): void;
  /** Lines so far that could not be written: the disk is full, or nobody reads them. */
  dropped(): number;
};

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export type LogFormat = 'text' | 'json';

/** Longest value in a text line (reliability.md E9). */
const MAX_FIELD = 2_048;

const SECRETS = [
  'token',
  '*.token',
  'authorization',
  '*.authorization',
  'cookie',
  '*.cookie',
  'auth_token',
  '*.auth_token',
  'authToken',
  '*.authToken',
];

export function createLog(options: { level: LogLevel; format: LogFormat; out?: NodeJS.WritableStream }): AdjustableLog {
  const out = options.out ?? process.stderr;
  const shape = options.format === 'json' ? escapeControl : textOf;
  const lines = createLineWriter({ out, noteOf: (lost) => shape(lossNote(lost)) });
  const destination: DestinationStream = { write: (line) => lines.write(shape(line.trimEnd())) };
  const logger = pino(
    {
      level: options.level,
      base: null,
      redact: { paths: SECRETS, censor: '[hidden]' },
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    destination,
  );
  return Object.assign(logger, {
    setLevel(level: LogLevel) {
      logger.level = level;
    },
    dropped: lines.dropped,
  });
}

/** A log that says nothing; for tests and one-off commands. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Made by hand: whatever level is set, what is missing is said. */
function lossNote(lines: number): string {
  const msg = 'lines of this log were lost, because they could not be written';
  return JSON.stringify({ level: WARN, time: new Date().toISOString(), lines, msg });
}

const WARN = 40;

/** From JSON to `12:04:31 warn  message  key=value`. */
function textOf(line: string): string {
  const { time, level, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const fields = Object.entries(rest).map(([key, value]) => `${key}=${escapeControl(shown(value))}`);
  const head = `${String(time).slice(11, 19)} ${LEVEL_NAMES[Number(level)] ?? level} ${escapeControl(String(msg ?? ''))}`;
  return fields.length === 0 ? head : `${head}  ${fields.join(' ')}`;
}

const LEVEL_NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info ', 40: 'warn ', 50: 'error' };

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  const bounded = text.length > MAX_FIELD ? `${text.slice(0, MAX_FIELD)}...` : text;
  return typeof value === 'string' && /[\s="]/.test(bounded) ? JSON.stringify(bounded) : bounded;
}
