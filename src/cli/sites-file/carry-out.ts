/** Does what a plan says, one request after the other, and shows it before. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import { escapeControl } from '../../lib/escape.ts';
import { asAppError } from '../as-app-error.ts';
import type { Terminal } from '../command.ts';
import { jsonLine } from '../json-line.ts';
import { createSteps } from './do-step.ts';
import type { Plan, Step } from './step.ts';
import { stepDocument, stepWords, summaryOf } from './words.ts';

export type CarryOutOptions = { dryRun?: boolean; json?: boolean };

/**
 * Throws AppError at the first step that the server refuses, and says how many were done: the next run does the rest.
 * `details` are further members of the JSON document.
 */
export async function carryOut(
  client: Client,
  plan: Plan,
  options: CarryOutOptions,
  terminal: Terminal,
  details: Record<string, unknown> = {},
): Promise<void> {
  if (!options.json) {
    for (const step of plan.steps) terminal.out.write(`${stepWords(step)}\n`);
    for (const note of plan.notes) terminal.out.write(`! ${escapeControl(note)}\n`);
    terminal.out.write(`${summaryOf(plan)}${options.dryRun ? '; nothing was changed' : ''}\n`);
  }
  if (!options.dryRun) await doSteps(client, plan.steps);
  if (options.json) {
    const { steps, unchanged, notes } = plan;
    const dry_run = options.dryRun === true;
    terminal.out.write(jsonLine({ dry_run, steps: steps.map(stepDocument), unchanged, notes, ...details }));
  } else if (!options.dryRun && plan.steps.length > 0) terminal.out.write('done\n');
}

async function doSteps(client: Client, steps: readonly Step[]): Promise<void> {
  const doStep = createSteps(client);
  for (const [done, step] of steps.entries()) {
    try {
      await doStep(step);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw asAppError(error, `${step.url} (after ${done} of ${steps.length} steps, which stay done): `);
    }
  }
}
