/** What a person reads after `check`: verdict, cause, where the time went, and the proof. */
import { styleText } from 'node:util';
import { CHECKS } from '../checks/registry.ts';
import type { Timings } from '../domain/timings.ts';
import { countedVerdict, type Observation, type Verdict } from '../domain/verdict.ts';
import { escapeControl } from '../lib/escape.ts';
import { evidenceRows } from './evidence-rows.ts';

type Style = Parameters<typeof styleText>[0];

const BADGES: Readonly<Record<Verdict['state'], { style: Style; text: string }>> = {
  Up: { style: ['bold', 'green'], text: '✔ UP' },
  Warning: { style: ['bold', 'yellow'], text: '! WARNING' },
  Degraded: { style: ['bold', 'yellow'], text: '! DEGRADED' },
  'Seems Down': { style: ['bold', 'red'], text: '✘ FAILING' },
  Unknown: { style: ['bold', 'magenta'], text: '? UNKNOWN' },
};

const LABEL_WIDTH = 13;
const BAR_WIDTH = 48;
/** Phases that hardly ever take time are shown when they did. */
const WORTH_SHOWING_MS = 0.5;

/** Ends with an empty line. All text that came from outside is escaped. */
export function renderObservation(url: string, observation: Observation): string {
  const worst = countedVerdict(observation.verdicts);
  const badge = BADGES[worst.state];
  const lines = [
    `${styleText(badge.style, badge.text)}  ${styleText('bold', escapeControl(url))}`,
    `  ${escapeControl(worst.summary)}`,
    ...adviceLines(worst),
    ...observation.verdicts
      .filter((one) => one !== worst && one.state !== 'Up')
      .map((one) => `  also: ${escapeControl(one.summary)}`),
    '',
    ...phaseLines(observation.timings, observation.evidence?.hops.length ?? 1),
  ];
  if (observation.evidence !== null) lines.push(...evidenceRows(observation.evidence).map(evidenceLine));
  return `${lines.join('\n')}\n\n`;
}

function adviceLines(verdict: Verdict): string[] {
  const advice = CHECKS.find((check) => check.type === verdict.check)?.findings[verdict.reason]?.advice ?? '';
  return advice === '' ? [] : [`  ${styleText('cyan', '→')} ${advice}`];
}

/** One bar per phase, each starting where the one before ended: where the time went, at a glance. */
function phaseLines(timings: Timings, hops: number): string[] {
  const phases = [
    ['DNS', timings.dns, 'cyan'],
    ['TCP', timings.tcp, 'blue'],
    ['TLS', timings.tls, 'magenta'],
    ['sent', worthShowing(timings.sent), 'gray'],
    ['TTFB', timings.ttfb, 'green'],
    ['headers', worthShowing(timings.headers), 'gray'],
    ['body', timings.body, 'yellow'],
  ] as const;
  const finished = phases.flatMap(([name, ms, colour]) => (ms === undefined ? [] : [{ name, ms, colour }]));
  const span = finished.reduce((sum, phase) => sum + phase.ms, 0);
  let startMs = 0;
  const lines = finished.map(({ name, ms, colour }) => {
    const from = span === 0 ? 0 : Math.round((startMs / span) * BAR_WIDTH);
    startMs += ms;
    const to = span === 0 ? 0 : Math.round((startMs / span) * BAR_WIDTH);
    const bar = ' '.repeat(Math.min(from, BAR_WIDTH - 1)) + styleText(colour, '█'.repeat(Math.max(1, to - from)));
    return `  ${name.padEnd(LABEL_WIDTH)}${milliseconds(ms)}  ${bar}`;
  });
  if (timings.total === undefined) return [...lines, '  not timed: this machine paused during the probe', ''];
  // The phases are those of the last request; with redirects the total tells of all.
  const of = hops > 1 ? `  over ${hops} requests; the phases are those of the last` : '';
  return [...lines, `  ${'total'.padEnd(LABEL_WIDTH)}${milliseconds(timings.total)}${of}`, ''];
}

function worthShowing(ms: number | undefined): number | undefined {
  return ms !== undefined && ms >= WORTH_SHOWING_MS ? ms : undefined;
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(1).padStart(8)} ms`;
}

function evidenceLine([label, text]: readonly [label: string, text: string]): string {
  return `  ${styleText('dim', label.padEnd(LABEL_WIDTH))}${escapeControl(text)}`;
}
