/** Claims as a table, for a terminal and for a page of the docs. */
import { styleText } from 'node:util';
import type { Facts } from './facts.ts';
import type { Claim } from './topic.ts';

const HEADINGS = ['Claim', 'Goal', 'Measured', ''] as const;

function cells(claim: Claim): string[] {
  return [claim.what, claim.goal, claim.measured, claim.held ? 'held' : 'MISSED'];
}

export function factsLine(facts: Facts): string {
  return `${facts.date} · ${facts.cores} cores, ${facts.memoryGb} GB · Node ${facts.node} · commit ${facts.commit}`;
}

export function terminalRow(claim: Claim): string {
  const mark = claim.held ? styleText('green', 'held  ') : styleText('red', 'MISSED');
  const detail = claim.detail === undefined ? '' : `\n         ${styleText('dim', claim.detail)}`;
  return `${mark}   ${claim.what}: ${claim.measured} (goal ${claim.goal})${detail}\n`;
}

export function terminalTable(claims: readonly Claim[]): string {
  const rows = [HEADINGS, ...claims.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return `${rows.map((row) => line(row).trimEnd()).join('\n')}\n`;
}

export function markdownTable(claims: readonly Claim[]): string {
  const row = (values: readonly string[]) => `| ${values.map((value) => value.replaceAll('|', '\\|')).join(' | ')} |`;
  const lines = [row(['Claim', 'Goal', 'Measured', 'Result']), '|---|---|---|---|'];
  for (const claim of claims) {
    const [what = '', ...others] = cells(claim);
    lines.push(row([claim.detail === undefined ? what : `${what} (${claim.detail})`, ...others]));
  }
  return `${lines.join('\n')}\n`;
}
