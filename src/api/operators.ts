/** What speaks of the monitor as a whole is for those who run it. */
import { AppError } from '../domain/errors.ts';
import type { SiteScope } from '../domain/site-scope.ts';

/** Throws `insufficient_scope` for a caller who acts for a tenant. */
export function requireOperator(scope: SiteScope): void {
  if (scope.kind === 'all') return;
  throw new AppError('insufficient_scope', 'this speaks of the whole monitor, and the caller acts for a tenant', {
    fix: 'ask with a key that acts for no tenant',
  });
}
