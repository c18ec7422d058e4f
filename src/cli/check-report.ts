/** What a person reads after `check`: verdict, cause, where the time went, and the proof. */
import { styleText } from 'node:util';
import { CHECKS } from '../checks/registry.ts';
import type { AddressEvidence, CertificateEvidence, Evidence, HopEvidence } from '../domain/evidence.ts';
import type { Timings } from '../domain/timings.ts';
import { type Observation, type Verdict, worstVerdict } from '../domain/verdict.ts';
import { escapeControl } from '../lib/escape.ts';

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

/** Ends with an empty line. All text that came from outside is escaped. */
export function renderObservation(url: string, observation: Observation): string {
  const worst = worstVerdict(observation.verdicts);
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
  if (observation.evidence !== null) lines.push(...evidenceLines(observation.evidence));
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
    ['TTFB', timings.ttfb, 'green'],
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
  // The phases are those of the last request; with redirects the total tells of all.
  const of = hops > 1 ? `  over ${hops} requests; the phases are those of the last` : '';
  return [...lines, `  ${'total'.padEnd(LABEL_WIDTH)}${milliseconds(timings.total)}${of}`, ''];
}

function milliseconds(ms: number): string {
  return `${ms.toFixed(1).padStart(8)} ms`;
}

function evidenceLines(evidence: Evidence): string[] {
  const last = evidence.hops.at(-1);
  const rows: [label: string, text: string][] = [];
  if (evidence.hops.length > 1) rows.push(['redirects', evidence.hops.map(hopText).join(' → ')]);
  if (last !== undefined && last.addresses.length > 0) rows.push(['address', addressText(last)]);
  if (last?.tls) rows.push(['TLS', `${last.tls.version}, ${last.tls.cipher}`]);
  if (evidence.certificate !== null) rows.push(['certificate', certificateText(evidence.certificate)]);
  if (evidence.body !== null && evidence.body.mode !== 'skipped')
    rows.push(['body read', `${evidence.body.bytes_read} bytes`]);
  if (evidence.error !== null) rows.push(['error', `${evidence.error.phase}: ${evidence.error.code}`]);
  return rows.map(([label, text]) => `  ${styleText('dim', label.padEnd(LABEL_WIDTH))}${escapeControl(text)}`);
}

function hopText(hop: HopEvidence): string {
  return `${hop.url} (${hop.http_code ?? 'no reply'})`;
}

function addressText(hop: HopEvidence): string {
  const others = hop.addresses.filter((attempt) => attempt.address !== hop.address);
  const dialled = hop.addresses.some((attempt) => attempt.outcome === 'failed');
  const used = hop.address ?? (dialled ? 'none answered' : 'none was dialled');
  if (others.length === 0) return used;
  const shown = others.slice(0, 6).map(attemptText).join(', ');
  return `${used}; also found: ${shown}${others.length > 6 ? `, and ${others.length - 6} more` : ''}`;
}

function attemptText(attempt: AddressEvidence): string {
  return attempt.outcome === 'not_tried' ? attempt.address : `${attempt.address} (${attempt.error ?? attempt.outcome})`;
}

function certificateText(certificate: CertificateEvidence): string {
  const names = certificate.names.slice(0, 3).join(', ') || certificate.subject;
  const more = certificate.names.length > 3 ? ` and ${certificate.names.length - 3} more` : '';
  const verified = certificate.verify_error === null ? 'verified' : `NOT verified: ${certificate.verify_error}`;
  return `${names}${more}; by ${certificate.issuer}; until ${certificate.not_after.slice(0, 10)}; ${certificate.key}; ${verified}`;
}
