/** Does what a plan says, one request after the other, and shows it before. */
import { ApiError } from '../../client/api-error.ts';
import type { Client } from '../../client/client.ts';
import type { Site } from '../../contracts/sites.ts';
import type { Id } from '../../contracts/values.ts';
import { escapeControl } from '../../lib/escape.ts';
import { asAppError } from '../as-app-error.ts';
import type { Terminal } from '../command.ts';
import { jsonLine } from '../json-line.ts';
import type { Plan, Step } from './plan.ts';
import { stepDocument, stepWords, summaryOf } from './words.ts';

export type CarryOutOptions = { dryRun?: boolean; json?: boolean };

/** Every site, removed ones included. */
export async function allSites(client: Client): Promise<Site[]> {
  const sites: Site[] = [];
  for await (const site of client.sites.list({ limit: 200 })) sites.push(site);
  return sites;
}

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
  let createdId: Id | null = null;
  for (const [done, step] of steps.entries()) {
    try {
      createdId = await doStep(client, step, createdId);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      throw asAppError(error, `${step.url} (after ${done} of ${steps.length} steps, which stay done): `);
    }
  }
}

/** Returns the site that further URLs without an id belong to. */
async function doStep(client: Client, step: Step, createdId: Id | null): Promise<Id | null> {
  switch (step.action) {
    case 'create':
      return (await client.sites.create(step.body)).id;
    case 'add_url': {
      const siteId = step.siteId ?? createdId;
      await client.sites.create({ ...step.body, ...(siteId === null ? {} : { blog_id: siteId }) });
      return siteId;
    }
    case 'update':
      await client.sites.update(step.siteId, step.changes);
      return null;
    case 'revive':
      await client.sites.update(step.siteId, step.changes);
      if (step.pausesAfterwards) await client.sites.pause(step.siteId);
      return null;
    case 'remove':
      await client.sites.remove(step.siteId);
      return null;
  }
}
