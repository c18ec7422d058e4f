/** Keeps the newest result of each topic in docs/performance.md, between two marks that name the topic. */
import type { Facts } from './facts.ts';
import { markdownTable } from './table.ts';
import type { Claim, Topic } from './topic.ts';

const HEAD = '# Performance\n\nWhat was measured, on what, and how to repeat it. A goal that was missed says so.\n';

/** The page with the topic's section replaced, or added at its end; `page` null starts a new one. */
export function withSection(page: string | null, topic: Topic, claims: readonly Claim[], facts: Facts): string {
  const [open, close] = [`<!-- prove:${topic.name} -->`, `<!-- /prove:${topic.name} -->`];
  const section = [
    open,
    `## ${topic.title}`,
    '',
    `\`npm run prove -- ${topic.name}\` on ${facts.date}, ${facts.cores} cores, ${facts.memoryGb} GB of memory, Node ${facts.node}.`,
    '',
    markdownTable(claims) + close,
  ].join('\n');
  const text = page ?? HEAD;
  const from = text.indexOf(open);
  const to = text.indexOf(close);
  if (from >= 0 && to > from) return text.slice(0, from) + section + text.slice(to + close.length);
  return `${text.trimEnd()}\n\n${section}\n`;
}
