/** What a row of the table is: a claim, and how it is measured. */
import type { Claim } from '../topic.ts';
import type { Stage } from './stage.ts';
import type { Counts } from './tally.ts';

export type Finding = Required<Pick<Claim, 'measured' | 'held' | 'detail'>>;

export type Row = Pick<Claim, 'what' | 'goal'> & { measure(stage: Stage): Promise<Finding> };

/** With its thousands apart. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** How many sites that are up were taken for what they are. */
export function verdictsOf({ right, wrong, unknown, instead }: Counts): string {
  const all = right + wrong + unknown;
  const others = instead.length === 0 ? '' : ` (${instead.join(', ')})`;
  const unsure = unknown === 0 ? '' : `, ${grouped(unknown)} unknown`;
  return `${grouped(right)} of ${grouped(all)} right, ${grouped(wrong)} false${unsure}${others}`;
}

/** That nothing false was said, and nearly always something: who never answers is never wrong. */
export function saysNothingFalse({ right, wrong, unknown }: Counts): boolean {
  return wrong === 0 && right > 0 && unknown <= right / 100;
}

export function allRight({ right, wrong, unknown }: Counts): boolean {
  return right > 0 && wrong === 0 && unknown === 0;
}
