/** Commands of `jetmon2 api` that are more than one operation, one line each. Loaded only when they are run. */
import type { CommandModule } from '../command.ts';

export type ExtraCommand = {
  /** The group it stands in; null: directly below `api`. */
  group: string | null;
  name: string;
  summary: string;
  load(): Promise<CommandModule>;
};

export const EXTRA: readonly ExtraCommand[] = [
  {
    group: null,
    name: 'simulate-failure',
    summary: 'make sites fail on purpose, and see what the server makes of it',
    load: () => import('./simulate-failure.ts'),
  },
  {
    group: null,
    name: 'smoke',
    summary: 'walk through a server: add a site, look at it, remove it',
    load: () => import('./smoke.ts'),
  },
  {
    group: 'sites',
    name: 'bulk-add',
    summary: 'add many sites of one batch',
    load: () => import('./bulk-add.ts'),
  },
  {
    group: 'sites',
    name: 'cleanup',
    summary: 'remove the sites of a batch',
    load: () => import('./cleanup.ts'),
  },
];
