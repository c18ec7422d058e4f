/** `jetmon2 audit`: what happened to a site and why, in the order it happened. Reads the database, never changes it. */
import type { Command } from 'commander';
import { loadConfig } from '../app/config.ts';
import { nowMs, openTrail } from '../app/open-trail.ts';
import { AppError } from '../domain/errors.ts';
import { MAX_ID, type SiteId } from '../domain/ids.ts';
import { escapeControl } from '../lib/escape.ts';
import type { Trail, TrailEntry } from '../store/trail.ts';
import type { Terminal } from './command.ts';
import { parseInstant } from './instant-option.ts';
import { jsonLine } from './json-line.ts';
import { renderTable } from './table.ts';

type Options = { blogId: string; since: string; until?: string; limit: string; json?: boolean };

const MAX_LIMIT = 10_000;

export function define(command: Command, terminal: Terminal): void {
  command
    .requiredOption('--blog-id <id>', 'the number of the site')
    .option('--since <when>', 'from when on: a span before now, such as 24h, or an RFC 3339 instant', '24h')
    .option('--until <when>', 'until when; now when left out')
    .option('--limit <n>', `entries at most, up to ${MAX_LIMIT}`, '500')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action((options: Options) => audit(options, terminal));
}

const HELP = `
Examples:
  $ jetmon2 audit --blog-id 3 --since 24h
  $ jetmon2 audit --blog-id 3 --since 2026-01-31T22:00:00Z --until 2026-02-01T06:00:00Z --json
`;

async function audit(options: Options, terminal: Terminal): Promise<void> {
  const siteId = siteIdIn(options.blogId);
  const limit = limitIn(options.limit);
  const span = spanIn(options);
  const { config } = loadConfig(terminal.env);
  const { read, close } = await openTrail(config);
  try {
    const trail = await read({ siteId, ...span, limit });
    if (trail === null) {
      throw new AppError('site_not_found', `there is no site ${siteId}`, { fix: 'see `jetmon2 sites list`' });
    }
    if (options.json) terminal.out.write(jsonLine({ data: trail.entries.map(documentOf), more: trail.more }));
    else show(trail, siteId, terminal);
  } finally {
    await close();
  }
}

function show({ entries, more }: Trail, siteId: SiteId, terminal: Terminal): void {
  if (entries.length === 0) {
    terminal.out.write(`Nothing happened to site ${siteId} in that time.\n`);
    return;
  }
  const rows = entries.map((entry) => [
    instant(entry.atMs),
    entry.eventId === null ? '' : String(entry.eventId),
    escapeControl(whatOf(entry)),
    escapeControl(whyOf(entry)),
    escapeControl(entry.source),
  ]);
  terminal.out.write(renderTable(['TIME', 'EVENT', 'WHAT', 'WHY', 'SOURCE'], rows));
  const last = entries.at(-1);
  if (more && last !== undefined) {
    terminal.err.write(`There is more: go on with --since ${instant(last.atMs)}, or raise --limit.\n`);
  }
}

function whatOf(entry: TrailEntry): string {
  if (entry.kind === 'audit') return entry.eventType;
  return `${entry.checkType}: ${entry.stateBefore ?? 'Up'} -> ${entry.stateAfter ?? 'unchanged'}`;
}

function whyOf(entry: TrailEntry): string {
  return entry.kind === 'audit' ? (entry.detail ?? '') : entry.reason;
}

function documentOf(entry: TrailEntry): object {
  const { kind, siteId, eventId, source, metadata } = entry;
  const common = { kind, at: instant(entry.atMs), blog_id: siteId, event_id: eventId, source, metadata };
  if (entry.kind === 'audit') {
    return { ...common, id: entry.auditId, event_type: entry.eventType, detail: entry.detail };
  }
  return {
    ...common,
    id: entry.transitionId,
    endpoint_id: entry.endpointId,
    check_type: entry.checkType,
    reason: entry.reason,
    state_before: entry.stateBefore,
    state_after: entry.stateAfter,
    severity_before: entry.severityBefore,
    severity_after: entry.severityAfter,
  };
}

function instant(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Throws `invalid_arguments`. Here and below. */
function siteIdIn(text: string): SiteId {
  if (/^[1-9]\d{0,18}$/.test(text) && BigInt(text) <= MAX_ID) return BigInt(text) as SiteId;
  throw new AppError('invalid_arguments', `"${text}" is not the number of a site`, { fix: 'see `jetmon2 sites list`' });
}

function limitIn(text: string): number {
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new AppError('invalid_arguments', `--limit "${text}" is not a number from 1 to ${MAX_LIMIT}`, {
    fix: 'give a whole number',
  });
}

function spanIn({ since, until }: Options): { sinceMs: number; untilMs: number } {
  const now = nowMs();
  const sinceMs = parseInstant('--since', since, now);
  // What happened in this very millisecond is part of the past too.
  const untilMs = until === undefined ? now + 1 : parseInstant('--until', until, now);
  if (sinceMs < untilMs) return { sinceMs, untilMs };
  throw new AppError('invalid_arguments', '--since is not before --until', { fix: 'name an earlier --since' });
}
