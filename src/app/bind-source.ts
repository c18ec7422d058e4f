/** Refuses to start where every probe would fail for want of an address of our own. */
import { AppError } from '../domain/errors.ts';
import { bindProblem } from '../wire/bind-source.ts';
import type { Config } from './config.ts';

/** Throws AppError `invalid_config` when nothing can be sent from BIND_SOURCE. */
export async function requireBindSource({ BIND_SOURCE: source }: Pick<Config, 'BIND_SOURCE'>): Promise<void> {
  const problem = source === undefined ? null : await bindProblem(source);
  if (problem === null) return;
  const why = problem === 'EADDRNOTAVAIL' ? 'this machine does not have that address' : `it failed with ${problem}`;
  throw new AppError('invalid_config', `BIND_SOURCE: nothing can be sent from ${source}: ${why}`, {
    fix: 'name an address of this machine, or leave BIND_SOURCE out',
  });
}
