/** The status of a server as a page for a terminal. Much of its text came from strangers and is escaped. */
import { styleText } from 'node:util';
import type { ReplyOf } from '../contracts/contract.ts';
import type { getStatus } from '../contracts/status.ts';
import { escapeControl } from '../lib/escape.ts';

type Status = ReplyOf<typeof getStatus>;
type Row = readonly [label: string, text: string];

export function statusPage(status: Status, nowMs: number): string {
  const rows: Row[] = [
    ['state', stateWords(status, nowMs)],
    ['watching', watchedWords(status)],
    ['prober', proberWords(status)],
    ['dispatch', dispatchWords(status)],
    ...gateRows(status),
    ...(status.verifiers ?? []).map((one, index): Row => [index === 0 ? 'verifiers' : '', verifierWords(one)]),
    ['events', eventsWords(status)],
    ['history', `${status.history.pending} waiting to be written, ${status.history.dropped} given up`],
    ['database', databaseWords(status)],
    ['memory', memoryWords(status)],
    ['config', configWords(status)],
  ];
  const lines = rows.map(([label, text]) => `  ${styleText('dim', label.padEnd(10))} ${text}`);
  return `${[...verdictLines(status), '', ...lines].join('\n')}\n`;
}

function verdictLines({ ok, problems, version }: Status): string[] {
  if (ok) return [`${styleText('green', '✔')} jetmon2 ${escapeControl(version)} is well`];
  const head = `${styleText('red', '✘')} jetmon2 ${escapeControl(version)} needs attention`;
  return [head, ...problems.map((problem) => `  ${styleText('red', '→')} ${escapeControl(problem)}`)];
}

function stateWords({ state, started_at: since, pid, host }: Status, nowMs: number): string {
  return `${state} since ${since} (${span(nowMs - Date.parse(since))}), process ${pid} on ${escapeControl(host)}`;
}

function watchedWords({ watched }: Status): string {
  const states = Object.entries(watched.by_state).map(([state, count]) => `${count} ${escapeControl(state)}`);
  return `${watched.endpoints} endpoints${states.length === 0 ? '' : `: ${states.join(', ')}`}`;
}

function proberWords({ prober }: Status): string {
  const { threads, running, waiting, visits, void_rate: voidRate, stalled } = prober;
  const voided = `${(voidRate * 100).toFixed(1)} % of ${visits} visits void`;
  return `${threads} threads, ${running} in flight, ${waiting} waiting, ${voided}, ${stalled} stalled`;
}

function dispatchWords({ dispatch }: Status): string {
  const { looks_per_second: rate, lateness_mean_ms: lateness } = dispatch;
  const late = lateness === null ? '' : `, ${lateness.toFixed(0)} ms late on average`;
  return `${rate === null ? 'not measured yet' : `${rate.toFixed(1)} looks a second`}${late}`;
}

/** In words that say what it comes to: nobody awake at night should have to know what must hold. */
function gateRows({ gate }: Status): Row[] {
  if (gate === undefined) return [];
  const held = gate.conditions.filter(({ holds }) => !holds);
  if (held.length === 0) return [['gate', 'open: failures of sites are believed']];
  return held.map(({ name, why }, index): Row => {
    const because = why === null ? '' : `: ${escapeControl(why)}`;
    return [index === 0 ? 'gate' : '', styleText('red', `closed by ${escapeControl(name)}${because}`)];
  });
}

function verifierWords(verifier: NonNullable<Status['verifiers']>[number]): string {
  const { name, region, healthy, quarantined, score, votes, canaries } = verifier;
  const caught = `quarantined since ${verifier.quarantined_since}: ${escapeControl(verifier.quarantined_why ?? '')}`;
  const marks = [
    healthy ? null : styleText('red', 'does not answer'),
    quarantined ? styleText('red', caught) : null,
    score === null ? null : `agreement ${score.toFixed(2)}`,
    `votes ${votes.confirm_down} down, ${votes.disagree} up, ${votes.none} none`,
    `canaries ${canaries.right} right, ${canaries.wrong} wrong, ${canaries.none} none`,
  ];
  return `${escapeControl(name)} (${escapeControl(region)}): ${marks.filter((mark) => mark !== null).join(', ')}`;
}

function eventsWords({ events }: Status): string {
  const { waiting, committed, retried, lost } = events;
  return `${waiting} waiting, ${committed} committed, ${retried} commits tried again, ${lost} lost`;
}

function databaseWords({ database }: Status): string {
  const answer = database.answers ? `answers in ${database.took_ms} ms` : styleText('red', 'does not answer');
  return `${database.kind} ${answer}`;
}

function memoryWords({ memory, event_loop: loop }: Status): string {
  const megabytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MB`;
  const late = `timers at most ${loop.max_ms.toFixed(0)} ms late`;
  return `${megabytes(memory.rss_bytes)}, ${megabytes(memory.heap_bytes)} of it heap; ${late}`;
}

function configWords({ config }: Status): string {
  const { file, reloads, reloaded_at: at, error, restart_needed: waiting } = config;
  const read = reloads === 0 ? 'as at the start' : `read again ${reloads} times, last at ${at}`;
  const refused = error === null ? '' : `, ${styleText('red', 'refused')}`;
  const keys = waiting.length === 0 ? '' : `; after a restart: ${waiting.map(escapeControl).join(', ')}`;
  return `${file === null ? 'no file' : escapeControl(file)}, ${read}${refused}${keys}`;
}

function span(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1_000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
